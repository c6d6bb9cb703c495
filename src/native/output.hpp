// What follows the products: activations of whole blocks, and the output layer's losses.
#pragma once

#include "losses.hpp"

namespace chainrule {
namespace CHAINRULE_ISA {

// Where a row keeps one of its columns.
template <class T> INLINE std::ptrdiff_t column_at(int column, std::ptrdiff_t block) {
    constexpr unsigned panel = 2 * lanes<T>;
    return unsigned(column) / panel * block + unsigned(column) % panel;
}

// Vectors whose lanes are rows: lane l of vector k from at(l, k), column k of row l. Below `whole` columns k to k + W - 1 lie side by
// side for every multiple k of W.
template <class T, class F> INLINE void rows_to_lanes(int units, int whole, T* out, F&& at) {
    constexpr int W = lanes<T>;
    int k = 0;
    for (; k < whole; k += W) {
        Vec<T> block[W];
        UNROLL for (int lane = 0; lane < W; ++lane) block[lane] = load(at(lane, k));
        transpose<T>(block);
        UNROLL for (int v = 0; v < W; ++v)
            if (k + v < units) store<T>(out + (k + v) * W, block[v]);
    }
    for (; k < units; ++k)
        for (int lane = 0; lane < W; ++lane) out[k * W + lane] = *at(lane, k);
}

// Back again, for the first `n_rows` lanes; where `whole` goes beyond `units`, zeros are written.
template <class T, class F> INLINE void lanes_to_rows(const T* in, int n_rows, int units, int whole, F&& at) {
    constexpr int W = lanes<T>;
    int k = 0;
    for (; k < whole; k += W) {
        Vec<T> block[W];
        UNROLL for (int v = 0; v < W; ++v) block[v] = k + v < units ? load(in + (k + v) * W) : Vec<T>{};
        transpose<T>(block);
        UNROLL for (int lane = 0; lane < W; ++lane)
            if (lane < n_rows) store<T>(at(lane, k), block[lane]);
    }
    for (; k < units; ++k)
        for (int lane = 0; lane < n_rows; ++lane) *at(lane, k) = in[k * W + lane];
}

// `units` rounded up to whole vectors.
template <class T> INLINE int whole_vectors(int units) { return (units + lanes<T> - 1) / lanes<T> * lanes<T>; }

// Calls f(at) for every vector of `n_rows` rows in the columns [from, to), multiples of `lanes`: at its place behind `rows`.
template <class T, class F> INLINE void for_vectors(std::ptrdiff_t block, int n_rows, int from, int to, F&& f) {
    constexpr int W = lanes<T>, panel = 2 * W;
    for (int column = from, width; column < to; column += width) {
        width = column % panel == 0 && column + panel <= to ? panel : W;
        std::ptrdiff_t at = column_at<T>(column, block);
        const std::ptrdiff_t last = at + std::ptrdiff_t(n_rows) * panel, step = width == panel ? W : panel;
        for (; at < last; at += step) f(at);
    }
}

// Columns [first, first + units) of the layer's rows: z in, a out. `scratch` (units vectors) only where they depend on each other.
template <class T> void activate(Act act, T* rows, std::ptrdiff_t block, int n_rows, int first, int units, T* scratch) {
    constexpr int W = lanes<T>, panel = 2 * W;
    if (act == Act::identity) return;
    if (act == Act::softmax || act == Act::ordered) {
        const int whole = first % W == 0 ? units / W * W : 0;
        for (int r = 0; r < n_rows; r += W) {
            const int here = n_rows - r < W ? n_rows - r : W;
            // Absent rows repeat the last one.
            const auto at = [&](int lane, int k) INLINE_LAMBDA {
                return rows + (r + (lane < here ? lane : here - 1)) * panel + column_at<T>(first + k, block);
            };
            rows_to_lanes<T>(units, whole, scratch, at);
            if (act == Act::softmax) softmax<T>(scratch, units);
            else ordered<T>(scratch, nullptr, units);
            lanes_to_rows<T>(scratch, here, units, whole, at);
        }
        return;
    }
    const int end = first + units, from = (first + W - 1) / W * W, to = end / W * W;
    with_value<T>(act, [&](auto value) INLINE_LAMBDA {
        for_vectors<T>(block, n_rows, from, to, [&](std::ptrdiff_t at) INLINE_LAMBDA { store<T>(rows + at, value(load(rows + at))); });
        for (int column = from > first ? from - W : to; column < end; column += W) {
            if (column >= from && column < to) continue;  // the others have only some lanes among the columns
            Bits<T> inside{};
            for (int lane = 0; lane < W; ++lane) inside[lane] = column + lane >= first && column + lane < end ? -1 : 0;
            for_vectors<T>(block, n_rows, column, column + W, [&](std::ptrdiff_t at) INLINE_LAMBDA {
                const Vec<T> z = load(rows + at);
                store<T>(rows + at, inside ? value(z) : z);
            });
        }
    });
}

// The same for a whole layer whose slopes are kept too, in blocks of the same shape.
template <class T> void activate_slope(Act act, T* rows, T* slopes, std::ptrdiff_t block, int n_rows, int units) {
    const int to = whole_vectors<T>(units);  // the columns behind a layer's last hold nothing
    if (!slope_from_output(act))
        return with_value_slope<T>(act, [&](auto both) INLINE_LAMBDA {
            for_vectors<T>(block, n_rows, 0, to, [&](std::ptrdiff_t at) INLINE_LAMBDA {
                const Pair<T> pair = both(load(rows + at));
                store<T>(rows + at, pair.value);
                store<T>(slopes + at, pair.slope);
            });
        });
    activate<T>(act, rows, block, n_rows, 0, to, nullptr);
    with_slope<T>(act, [&](auto slope) INLINE_LAMBDA {
        for_vectors<T>(block, n_rows, 0, to, [&](std::ptrdiff_t at) INLINE_LAMBDA { store<T>(slopes + at, slope(load(rows + at))); });
    });
}

// Loss and delta of the rows whose scores are in `scores`.
template <class T> void output(const Output<T>& o) {
    constexpr int W = lanes<T>;
    const std::ptrdiff_t size = std::ptrdiff_t(o.outputs) * W;
    T *z = o.scratch, *a = z + size, *y = a + size, *slopes = y + size;
    const int next = o.target_columns == o.outputs ? 1 : 0;  // else all outputs share one target
    const int whole = whole_vectors<T>(o.outputs), whole_targets = next * (o.outputs / W * W);
    for (int first = 0; first < o.rows; first += W) {
        const int here = o.rows - first < W ? o.rows - first : W;
        const auto present = [&](int lane) INLINE_LAMBDA { return lane < here ? lane : here - 1; };  // absent rows repeat the last one
        const auto at = [&](int lane, int k) INLINE_LAMBDA {
            return o.scores + (first + present(lane)) * 2 * W + column_at<T>(k, o.block);
        };
        rows_to_lanes<T>(o.outputs, whole, z, at);
        const T* targets[W];
        Vec<T> weight = broadcast<T>(T(1)), loss{};
        for (int lane = 0; lane < W; ++lane) {
            const std::int64_t row = o.order[first + present(lane)];
            targets[lane] = o.targets + row * o.target_columns;
            if (o.weights) weight[lane] = o.weights[row];
        }
        rows_to_lanes<T>(o.outputs, whole_targets, y, [&](int lane, int k) INLINE_LAMBDA { return targets[lane] + k * next; });
        for (const Head<T>* head = o.heads; head < o.heads + o.n_heads; ++head) {
            const int at = head->first * W;
            const Vec<T> share = weight * head->weight;
            loss += loss_and_delta<T>(*head, {z + at, a + at, y + at, slopes + at, head->units}) * share;
            if (o.weights || head->weight != T(1))
                for (int k = 0; k < head->units; ++k) store<T>(a + at + k * W, load(a + at + k * W) * share);
        }
        lanes_to_rows<T>(a, here, o.outputs, whole, at);
        for (int lane = 0; lane < here; ++lane) o.row_loss[first + lane] = loss[lane];
    }
}

}  // namespace CHAINRULE_ISA
}  // namespace chainrule

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

// Copies columns [first, first + units) of up to `lanes` rows into vectors whose lanes are rows; absent rows repeat the last one.
template <class T> INLINE void rows_to_lanes(const T* rows, std::ptrdiff_t block, int n_rows, int first, int units, T* out) {
    constexpr int W = lanes<T>, panel = 2 * W;
    for (int lane = 0; lane < W; ++lane) {
        const T* row = rows + (lane < n_rows ? lane : n_rows - 1) * panel;
        for (int k = 0; k < units; ++k) out[k * W + lane] = row[column_at<T>(first + k, block)];
    }
}

template <class T> INLINE void lanes_to_rows(const T* in, int n_rows, int first, int units, T* rows, std::ptrdiff_t block) {
    constexpr int W = lanes<T>, panel = 2 * W;
    for (int lane = 0; lane < n_rows; ++lane)
        for (int k = 0; k < units; ++k) rows[lane * panel + column_at<T>(first + k, block)] = in[k * W + lane];
}

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
        for (int r = 0; r < n_rows; r += W) {
            const int here = n_rows - r < W ? n_rows - r : W;
            rows_to_lanes(rows + r * panel, block, here, first, units, scratch);
            if (act == Act::softmax) softmax<T>(scratch, units);
            else ordered<T>(scratch, nullptr, units);
            lanes_to_rows(scratch, here, first, units, rows + r * panel, block);
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
    const int to = (units + lanes<T> - 1) / lanes<T> * lanes<T>;  // the columns behind a layer's last hold nothing
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
    for (int first = 0; first < o.rows; first += W) {
        const int here = o.rows - first < W ? o.rows - first : W;
        T* rows = o.scores + first * 2 * W;
        rows_to_lanes(rows, o.block, here, 0, o.outputs, z);
        Vec<T> weight = broadcast<T>(T(1)), loss{};
        for (int lane = 0; lane < W; ++lane) {
            const std::int64_t row = o.order[first + (lane < here ? lane : here - 1)];
            for (int k = 0; k < o.outputs; ++k) y[k * W + lane] = o.targets[row * o.target_columns + k * next];
            if (o.weights) weight[lane] = o.weights[row];
        }
        for (const Head<T>* head = o.heads; head < o.heads + o.n_heads; ++head) {
            const int at = head->first * W;
            const Vec<T> share = weight * head->weight;
            loss += loss_and_delta<T>(*head, {z + at, a + at, y + at, slopes + at, head->units}) * share;
            if (o.weights || head->weight != T(1))
                for (int k = 0; k < head->units; ++k) store<T>(a + at + k * W, load(a + at + k * W) * share);
        }
        lanes_to_rows(a, here, 0, o.outputs, rows, o.block);
        for (int lane = 0; lane < here; ++lane) o.row_loss[first + lane] = loss[lane];
    }
}

}  // namespace CHAINRULE_ISA
}  // namespace chainrule

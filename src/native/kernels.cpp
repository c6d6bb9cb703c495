// The kernels of one instruction set. CMake compiles this file once per set, with CHAINRULE_ISA naming its namespace.
#include "kernels.hpp"

#include "gemm.hpp"
#include "losses.hpp"
#include "solvers.hpp"

namespace chainrule {
namespace CHAINRULE_ISA {

// Rows of one stripe: a multiple of the panel width (so that W^T panels are whole) that tiles divide evenly.
constexpr int stripe_rows = vector_bytes == 64 ? 96 : 48;
// Batch rows whose slice of activations and deltas stays in the first-level cache while a stripe is summed up.
constexpr int depth_block = 256;

// Rows `order` (null: the first ones) of X (row-major, `units` columns) into blocks; later rows are asked for ahead of time.
template <class T> void gather(const T* X, int units, const std::int64_t* order, int n_rows, T* rows, std::ptrdiff_t block) {
    constexpr int panel = 2 * lanes<T>, ahead = 4;
    for (int r = 0; r < n_rows; ++r, rows += panel) {
        const T* from = X + (order ? order[r] : r) * units;
        if (order && r + ahead < n_rows) {
            const char* next = reinterpret_cast<const char*>(X + order[r + ahead] * units);
            for (std::size_t byte = 0; byte < units * sizeof(T); byte += 64) __builtin_prefetch(next + byte);
        }
        T* to = rows;
        int left = units;
        for (; left >= panel; left -= panel, from += panel, to += block) std::memcpy(to, from, panel * sizeof(T));
        for (int c = 0; c < left; ++c) to[c] = from[c];
    }
}

template <class T> void forward(const Product<T>& p, T floor) {
    p.vectors == 2 ? Forward<T>::template panel<2>(p, floor) : Forward<T>::template panel<1>(p, floor);
}

template <class T> void backward(const Product<T>& p, Act act, const T* a) {
    p.vectors == 2 ? Backward<T>::template panel<2>(p, act, a) : Backward<T>::template panel<1>(p, act, a);
}

template <class T> void forward_sparse(const Product<T>& p, const SparseRows<T>& x, T floor) {
    constexpr int W = lanes<T>;
    for (int r = 0; r < p.rows; ++r) {
        const std::int64_t row = x.order ? x.order[x.first + r] : x.first + r;
        Vec<T> acc[2] = {load(p.bias), p.vectors == 2 ? load(p.bias + W) : Vec<T>{}};
        for (std::int64_t at = x.indptr[row]; at < x.indptr[row + 1]; ++at) {
            const T* w = p.weights + x.indices[at] * p.ld_weights;
            const Vec<T> value = broadcast<T>(x.values[at]);
            for (int v = 0; v < p.vectors; ++v) acc[v] = fma<T>(value, load(w + v * W), acc[v]);
        }
        for (int v = 0; v < p.vectors; ++v) store<T>(p.out + (r * 2 + v) * W, maximum<T>(broadcast<T>(floor), acc[v]));
    }
}

// Copies `units` columns of up to `lanes` rows into vectors whose lanes are rows; absent rows repeat the last one.
template <class T> INLINE void rows_to_lanes(const T* rows, std::ptrdiff_t block, int n_rows, int units, T* out) {
    constexpr int W = lanes<T>, panel = 2 * W;
    for (int lane = 0; lane < W; ++lane) {
        const T* row = rows + (lane < n_rows ? lane : n_rows - 1) * panel;
        for (int k = 0; k < units; ++k) out[k * W + lane] = row[k / panel * block + k % panel];
    }
}

template <class T> INLINE void lanes_to_rows(const T* in, int n_rows, int units, T* rows, std::ptrdiff_t block) {
    constexpr int W = lanes<T>, panel = 2 * W;
    for (int lane = 0; lane < n_rows; ++lane)
        for (int k = 0; k < units; ++k) rows[lane * panel + k / panel * block + k % panel] = in[k * W + lane];
}

template <class T> void activate(Act act, T* rows, std::ptrdiff_t block, int n_rows, int units, T* scratch) {
    constexpr int W = lanes<T>, panel = 2 * W;
    if (act == Act::identity) return;
    if (act == Act::softmax) {
        for (int r = 0; r < n_rows; r += W) {
            const int here = n_rows - r < W ? n_rows - r : W;
            rows_to_lanes(rows + r * panel, block, here, units, scratch);
            softmax<T>(scratch, units);
            lanes_to_rows(scratch, here, units, rows + r * panel, block);
        }
        return;
    }
    with_value<T>(act, [&](auto value) {
        for (int column = 0; column < units; column += panel, rows += block) {
            const int step = units - column > W ? W : panel;  // a half-filled block has one vector a row
            for (int at = 0; at < n_rows * panel; at += step) store<T>(rows + at, value(load(rows + at)));
        }
    });
}

template <class T> void output(const Output<T>& o) {
    constexpr int W = lanes<T>;
    T *z = o.scratch, *a = z + o.outputs * W, *y = a + o.outputs * W;
    for (int first = 0; first < o.rows; first += W) {
        const int here = o.rows - first < W ? o.rows - first : W;
        T* rows = o.scores + first * 2 * W;
        rows_to_lanes(rows, o.block, here, o.outputs, z);
        std::memcpy(a, z, sizeof(T) * W * o.outputs);
        Vec<T> weight = broadcast<T>(T(1));
        for (int lane = 0; lane < W; ++lane) {
            const std::int64_t row = o.order[first + (lane < here ? lane : here - 1)];
            for (int k = 0; k < o.outputs; ++k) y[k * W + lane] = o.targets[row * o.outputs + k];
            if (o.weights) weight[lane] = o.weights[row];
        }
        const Vec<T> loss = loss_and_delta<T>(o.loss, o.act, z, a, y, o.outputs) * weight;
        if (o.weights)
            for (int k = 0; k < o.outputs; ++k) store<T>(a + k * W, load(a + k * W) * weight);
        lanes_to_rows(a, here, o.outputs, rows, o.block);
        for (int lane = 0; lane < here; ++lane) o.row_loss[first + lane] = loss[lane];
    }
}

template <class T> double squares(const T* w, std::ptrdiff_t n) {
    constexpr int W = lanes<T>;
    Vec<T> sum[2] = {};
    std::ptrdiff_t i = 0;
    for (; i + 2 * W <= n; i += 2 * W)
        for (int v = 0; v < 2; ++v) sum[v] = fma<T>(load(w + i + v * W), load(w + i + v * W), sum[v]);
    for (; i < n; i += W) sum[0] = fma<T>(load(w + i), load(w + i), sum[0]);
    return sum_lanes<T>(sum[0] + sum[1]);
}

// One solver's step over n parameters whose summed gradient is in `sums`.
template <class T, class Rule>
INLINE void apply(const Step<T>& step, T alpha, const T* sums, T* w, T* state0, T* state1, std::ptrdiff_t n, double* out) {
    constexpr int W = lanes<T>;
    const Rule rule{step};
    Vec<T> gradients{}, changes{};
    for (std::ptrdiff_t i = 0; i < n; i += W) {
        const Vec<T> weight = load(w + i), g = fma<T>(weight, broadcast<T>(alpha), load(sums + i)) * step.scale;
        const Vec<T> change = rule.change(g, state0 + i, state1 + i);
        store<T>(w + i, weight + change);
        if (step.norms) {
            gradients = fma<T>(g, g, gradients);
            changes = fma<T>(change, change, changes);
        }
    }
    if (step.norms) {
        out[1] += sum_lanes<T>(gradients);
        out[2] += sum_lanes<T>(changes);
    }
}

template <class T> INLINE void write_gradient(const Step<T>& step, T alpha, const T* sums, const T* w, T* out, std::ptrdiff_t n) {
    for (std::ptrdiff_t i = 0; i < n; i += lanes<T>)
        store<T>(out + i, fma<T>(load(w + i), broadcast<T>(alpha), load(sums + i)) * step.scale);
}

template <class T> INLINE void finish(const Stripe<T>& s, const T* sums, int begin, int end, T alpha) {
    const std::ptrdiff_t width = s.vectors * lanes<T>, at = begin * width, n = (end - begin) * width;
    const T* sum = sums + (begin - s.begin) * width;
    switch (s.step->solver) {
        case Solver::gradient: write_gradient(*s.step, alpha, sum, s.weights + at, s.gradient + at, n); break;
        case Solver::sgd:
            apply<T, Sgd<T>>(*s.step, alpha, sum, s.weights + at, s.state0 + at, s.state1, n, s.sums);
            break;
        case Solver::adam:
            apply<T, Adam<T>>(*s.step, alpha, sum, s.weights + at, s.state0 + at, s.state1 + at, n, s.sums);
            break;
    }
}

// Transposes a block of `rows` rows and `columns` columns, at most `lanes` each; what is absent counts as zero.
template <class T> INLINE void transpose_block(const T* from, std::ptrdiff_t ld_from, int rows, T* to, std::ptrdiff_t ld_to, int columns) {
    constexpr int W = lanes<T>;
    Vec<T> block[W];
    if (rows == W && columns == W) {
        UNROLL for (int r = 0; r < W; ++r) block[r] = load(from + r * ld_from);
        transpose<T>(block);
        UNROLL for (int c = 0; c < W; ++c) store<T>(to + c * ld_to, block[c]);
        return;
    }
    for (int c = 0; c < columns; ++c)
        for (int r = 0; r < W; ++r) to[c * ld_to + r] = r < rows ? from[r * ld_from + c] : T(0);
}

// The stripe's new weights into the W^T panels: rows there are outputs, columns inputs.
template <class T> void write_transposed(const Stripe<T>& s) {
    constexpr int W = lanes<T>, panel = 2 * W;
    const int last = s.end < s.inputs ? s.end : s.inputs, width = s.vectors * W;
    const int half_from = s.inputs % panel > 0 && s.inputs % panel <= W ? s.inputs / panel * panel : s.inputs;
    for (int i = s.begin; i < last; i += W) {
        const int step = i >= half_from ? W : panel, rows = last - i < W ? last - i : W;
        T* out = s.transposed + (i / panel) * s.transposed_panel + i % panel + std::ptrdiff_t(s.first_output) * step;
        for (int column = 0; column < s.outputs; column += W) {
            const int columns = s.outputs - column < W ? s.outputs - column : W;
            transpose_block(s.weights + i * width + column, width, rows, out + column * step, step, columns);
        }
    }
}

template <class T, int NV> INLINE void dense_sums(const Stripe<T>& s, T* sums, bool fresh) {
    constexpr int panel = 2 * lanes<T>, width = NV * lanes<T>;
    for (int block = s.begin / panel; block * panel < s.end; ++block) {
        const int first = block * panel, last = s.end - first < panel ? s.end - first : panel;
        for (int k = 0; k < s.rows; k += depth_block) {
            const int depth = s.rows - k < depth_block ? s.rows - k : depth_block;
            const T *in = s.in + block * s.in_block + k * panel, *delta = s.delta + k * panel;
            for_tiles(last, tallest<NV>, [&](int column, int height, int count) {
                T* sum = sums + (first + column - s.begin) * width;
                tile_at<WeightGradient<T>::template Tile, NV>(height)(in + column, delta, depth, count, sum, fresh && k == 0);
            });
        }
    }
}

// The same sums for a layer of few outputs: lanes are inputs instead of outputs, so that none is idle. Each sum is the same chain.
template <class T, int Outputs> INLINE void narrow_sums(const Stripe<T>& s, T* sums, bool fresh) {
    constexpr int W = lanes<T>, panel = 2 * W;
    for (int first = s.begin; first < s.end; first += panel) {
        const T* in = s.in + first / panel * s.in_block;
        const int real = s.end - first < panel ? s.end - first : panel;
        alignas(64) T lane[Outputs][panel] = {};
        T* sum = sums + (first - s.begin) * W;
        if (!fresh)
            for (int i = 0; i < real; ++i)
                for (int o = 0; o < Outputs; ++o) lane[o][i] = sum[i * W + o];
        Vec<T> acc[Outputs][2];
        UNROLL for (int o = 0; o < Outputs; ++o) UNROLL for (int v = 0; v < 2; ++v) acc[o][v] = load(lane[o] + v * W);
        for (int k = 0; k < s.rows; ++k)
            UNROLL for (int o = 0; o < Outputs; ++o) {
                const Vec<T> delta = broadcast<T>(s.delta[k * panel + o]);
                UNROLL for (int v = 0; v < 2; ++v) acc[o][v] = fma<T>(load(in + k * panel + v * W), delta, acc[o][v]);
            }
        UNROLL for (int o = 0; o < Outputs; ++o) UNROLL for (int v = 0; v < 2; ++v) store<T>(lane[o] + v * W, acc[o][v]);
        for (int i = 0; i < real; ++i)
            for (int o = 0; o < W; ++o) sum[i * W + o] = o < Outputs ? lane[o][i] : T(0);
    }
}

template <class T> INLINE void sparse_sums(const Stripe<T>& s, T* sums, bool fresh) {
    constexpr int W = lanes<T>, panel = 2 * W;
    for (int row = s.begin; row < s.end; ++row)
        for (int v = 0; v < s.vectors; ++v) {
            T* sum = sums + ((row - s.begin) * s.vectors + v) * W;
            Vec<T> acc = fresh ? Vec<T>{} : load(sum);
            if (row == s.inputs) {
                for (int r = 0; r < s.rows; ++r) acc += load(s.delta + r * panel + v * W);
            } else {
                for (std::int32_t at = s.column_start[row]; at < s.column_start[row + 1]; ++at) {
                    const T* delta = s.delta + s.column_row[at] * panel + v * W;
                    acc = fma<T>(broadcast<T>(s.column_value[at]), load(delta), acc);
                }
            }
            store<T>(sum, acc);
        }
}

// Asks for n values ahead of their use.
template <class T> INLINE void prefetch(const T* p, std::ptrdiff_t n) {
    for (std::ptrdiff_t i = 0; i < n; i += 64 / std::ptrdiff_t(sizeof(T))) __builtin_prefetch(p + i, 1);
}

template <class T> void stripe_step(const Stripe<T>& s) {
    const std::ptrdiff_t width = s.vectors * lanes<T>, n = (s.end - s.begin) * width;
    const bool fresh = !s.resume;
    if (s.finish && s.distant) {  // the solver's operands arrive from memory while the sums are formed
        prefetch(s.weights + s.begin * width, n);
        if (s.step->solver != Solver::gradient) prefetch(s.state0 + s.begin * width, n);
        if (s.step->solver == Solver::adam) prefetch(s.state1 + s.begin * width, n);
    }
    alignas(64) T sums[(stripe_rows + 1) * 2 * lanes<T>];
    T* partial = s.gradient + s.begin * width;
    if (s.resume) std::memcpy(sums, partial, n * sizeof(T));
    if (s.column_start) sparse_sums<T>(s, sums, fresh);
    else if (s.outputs == 1) narrow_sums<T, 1>(s, sums, fresh);
    else if (s.outputs == 2) narrow_sums<T, 2>(s, sums, fresh);
    else if (s.vectors == 2) dense_sums<T, 2>(s, sums, fresh);
    else dense_sums<T, 1>(s, sums, fresh);
    if (!s.finish) {
        std::memcpy(partial, sums, n * sizeof(T));
        return;
    }
    s.sums[0] = s.sums[1] = s.sums[2] = 0;
    const int weights_end = s.end < s.inputs ? s.end : s.inputs;
    finish<T>(s, sums, s.begin, weights_end, s.step->alpha);
    if (s.end > weights_end) finish<T>(s, sums, weights_end, s.end, T(0));
    s.sums[0] = squares<T>(s.weights + s.begin * width, (weights_end - s.begin) * width);
    if (s.transposed && s.step->solver != Solver::gradient) write_transposed<T>(s);
}

template <class T> constexpr Kernels<T> table = {lanes<T>,           2 * lanes<T>,  stripe_rows,      &gather<T>, &forward<T>,     &forward_sparse<T>,
                                                 &backward<T>,       &activate<T>,  &output<T>,       &stripe_step<T>, &squares<T>,
                                                 &write_transposed<T>};

#define CHAINRULE_STRING(x) #x
#define CHAINRULE_NAME(x) CHAINRULE_STRING(x)
extern const KernelSet kernels;
const KernelSet kernels = {CHAINRULE_NAME(CHAINRULE_ISA), &table<float>, &table<double>};

}  // namespace CHAINRULE_ISA
}  // namespace chainrule

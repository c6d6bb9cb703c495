// The kernels of one instruction set. CMake compiles this file once per set, with CHAINRULE_ISA naming its namespace.
#include "kernels.hpp"

#include "gemm.hpp"
#include "output.hpp"
#include "regularization.hpp"
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

template <class T> void weight_sums(const T* w, std::ptrdiff_t n, double* squares, double* absolutes) {
    constexpr int W = lanes<T>;
    Vec<T> sum[2] = {}, size{};
    std::ptrdiff_t i = 0;
    for (; i + 2 * W <= n; i += 2 * W)
        for (int v = 0; v < 2; ++v) sum[v] = fma<T>(load(w + i + v * W), load(w + i + v * W), sum[v]);
    for (; i < n; i += W) sum[0] = fma<T>(load(w + i), load(w + i), sum[0]);
    *squares = sum_lanes<T>(sum[0] + sum[1]);
    if (!absolutes) return;
    for (i = 0; i < n; i += W) size += load(w + i) < T(0) ? -load(w + i) : load(w + i);
    *absolutes = sum_lanes<T>(size);
}

template <class T> INLINE void finish(const Stripe<T>& s, const T* sums, int begin, int end, bool weights) {
    const std::ptrdiff_t width = s.vectors * lanes<T>, at = begin * width, n = (end - begin) * width;
    const T* sum = sums + (begin - s.begin) * width;
    take_step<T>(*s.step, {sum, s.weights + at, s.state0 + at, s.state1 + at, s.gradient + at, n, weights, s.sums + 1});
}

template <class T> void limit_norms(T* weights, int inputs, int vectors, T limit) {
    constexpr int W = lanes<T>;
    for (int v = 0; v < vectors; ++v) {
        Vec<T> squares{};
        bool longer = false;
        T* column = weights + v * W;
        const std::ptrdiff_t ld = vectors * W;
        for (int i = 0; i < inputs; ++i) squares = fma<T>(load(column + i * ld), load(column + i * ld), squares);
        const Vec<T> norm = square_root<T>(squares), factor = norm > limit ? limit / norm : broadcast<T>(T(1));
        for (int lane = 0; lane < W; ++lane) longer = longer || factor[lane] < T(1);
        for (int i = 0; longer && i < inputs; ++i) store<T>(column + i * ld, load(column + i * ld) * factor);
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

// The stripe's gradient, summed over the rows, or as far as it was already there.
template <class T> INLINE void stripe_sums(const Stripe<T>& s, T* sums, std::ptrdiff_t n) {
    if (s.resume || s.ready) std::memcpy(sums, s.gradient + s.begin * s.vectors * lanes<T>, n * sizeof(T));
    if (s.ready) return;
    const bool fresh = !s.resume;
    if (s.column_start) sparse_sums<T>(s, sums, fresh);
    else if (s.outputs == 1) narrow_sums<T, 1>(s, sums, fresh);
    else if (s.outputs == 2) narrow_sums<T, 2>(s, sums, fresh);
    else if (s.vectors == 2) dense_sums<T, 2>(s, sums, fresh);
    else dense_sums<T, 1>(s, sums, fresh);
}

template <class T> void stripe_step(const Stripe<T>& s) {
    const std::ptrdiff_t width = s.vectors * lanes<T>, n = (s.end - s.begin) * width;
    if (s.finish && s.distant) {  // the solver's operands arrive from memory while the sums are formed
        prefetch(s.weights + s.begin * width, n);
        if (s.step->solver != Solver::gradient) prefetch(s.state0 + s.begin * width, n);
        if (s.step->solver == Solver::adam) prefetch(s.state1 + s.begin * width, n);
    }
    alignas(64) T sums[(stripe_rows + 1) * 2 * lanes<T>];
    stripe_sums<T>(s, sums, n);
    if (!s.finish) {
        std::memcpy(s.gradient + s.begin * width, sums, n * sizeof(T));
        return;
    }
    for (int i = 0; i < sums_per_stripe; ++i) s.sums[i] = 0;
    const int weights_end = s.end < s.inputs ? s.end : s.inputs;
    finish<T>(s, sums, s.begin, weights_end, true);
    if (s.end > weights_end) finish<T>(s, sums, weights_end, s.end, false);
    weight_sums<T>(s.weights + s.begin * width, (weights_end - s.begin) * width, s.sums, s.step->absolute ? s.sums + 3 : nullptr);
    if (s.transposed && s.step->solver != Solver::gradient) write_transposed<T>(s);
}

template <class T>
constexpr Kernels<T> table = {lanes<T>,
                              2 * lanes<T>,
                              stripe_rows,
                              &gather<T>,
                              &forward<T>,
                              &forward_sparse<T>,
                              &backward<T>,
                              &activate<T>,
                              &activate_slope<T>,
                              &drop<T>,
                              &moments<T>,
                              &normalize<T>,
                              &normalized_sums<T>,
                              &normalize_back<T>,
                              &output<T>,
                              &stripe_step<T>,
                              &vector_step<T>,
                              &limit_norms<T>,
                              &weight_sums<T>,
                              &write_transposed<T>};

#define CHAINRULE_STRING(x) #x
#define CHAINRULE_NAME(x) CHAINRULE_STRING(x)
extern const KernelSet kernels;
const KernelSet kernels = {CHAINRULE_NAME(CHAINRULE_ISA), &table<float>, &table<double>};

}  // namespace CHAINRULE_ISA
}  // namespace chainrule

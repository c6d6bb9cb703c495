// Dropout and batch normalisation on blocks of rows.
#pragma once

#include "dropout.hpp"
#include "kernels.hpp"
#include "simd.hpp"

namespace chainrule {
namespace CHAINRULE_ISA {

// 32-bit numbers in lanes as wide as T's: the masks are the same in both precisions.
template <class T> struct Numbers;
template <> struct Numbers<float> {
    typedef std::uint32_t Vector __attribute__((vector_size(vector_bytes)));
    static INLINE Vector low(Vector x) { return x; }
};
template <> struct Numbers<double> {
    typedef std::uint64_t Vector __attribute__((vector_size(vector_bytes)));
    static INLINE Vector low(Vector x) { return x & 0xFFFFFFFFull; }
};

template <class T> INLINE typename Numbers<T>::Vector mix_lanes(typename Numbers<T>::Vector x) {
    using N = Numbers<T>;
    x = N::low((x ^ (x >> 16)) * 0x7FEB352Du);
    x = N::low((x ^ (x >> 15)) * 0x846CA68Bu);
    return x ^ (x >> 16);
}

template <class T>
void drop(T* rows, T* slopes, std::ptrdiff_t block, int n_rows, int units, const std::uint32_t* keys, std::uint32_t least, T scale) {
    using N = Numbers<T>;
    using Vector = typename N::Vector;
    constexpr int W = lanes<T>, panel = 2 * W;
    Vector lane;
    for (int i = 0; i < W; ++i) lane[i] = i;
    for (int column = 0; column < units; column += W) {
        const std::ptrdiff_t at = column / panel * block + column % panel;
        const Vector unit = lane + column, spread = N::low(unit * golden_32);
        const auto beyond = unit >= Vector{} + units;  // no units of this layer: the column of ones is among them
        for (int r = 0; r < n_rows; ++r) {
            const Vector hashed = mix_lanes<T>(N::low(spread + keys[r])) >> (32 - mask_resolution);
            const Vec<T> kept = hashed >= Vector{} + least ? broadcast<T>(scale) : Vec<T>{};
            const Vec<T> factor = beyond ? broadcast<T>(T(1)) : kept;
            T* row = rows + at + r * panel;
            // A product with 0 would keep an infinity as NaN; so does the reference engine.
            store<T>(row, load(row) * factor);
            if (!slopes) continue;
            T* slope = slopes + at + r * panel;
            store<T>(slope, load(slope) * factor);
        }
    }
}

// Sums over rows go by runs of this many, so that rounding errors grow with the number of runs.
constexpr int run_rows = 64;

// Calls f(offset of a row within the block, row number) for all rows and adds up what it returns.
template <class T, class F> INLINE Vec<T> sum_rows(int n_rows, int v, F&& f) {
    constexpr int W = lanes<T>, panel = 2 * W;
    Vec<T> total{};
    for (int first = 0; first < n_rows; first += run_rows) {
        Vec<T> run{};
        const int last = n_rows - first < run_rows ? n_rows : first + run_rows;
        for (int r = first; r < last; ++r) run += f(std::ptrdiff_t(r) * panel + v * W, r);
        total += run;
    }
    return total;
}

template <class T> void moments(const Normalization<T>& n) {
    constexpr int W = lanes<T>;
    for (int v = 0; v < n.vectors; ++v) {
        const Vec<T> mean = sum_rows<T>(n.n_rows, v, [&](std::ptrdiff_t at, int r) INLINE_LAMBDA { return load(n.rows + at) * n.share[r]; });
        store<T>(n.mean + v * W, mean);
        store<T>(n.variance + v * W, sum_rows<T>(n.n_rows, v, [&](std::ptrdiff_t at, int r) INLINE_LAMBDA {
            const Vec<T> centred = load(n.rows + at) - mean;
            return centred * centred * n.share[r];
        }));
    }
}

template <class T> void normalize(const Normalization<T>& n) {
    constexpr int W = lanes<T>, panel = 2 * W;
    for (int v = 0; v < n.vectors; ++v) {
        const Vec<T> mean = load(n.mean + v * W), deviation = square_root<T>(load(n.variance + v * W) + n.epsilon);
        const Vec<T> inverse = T(1) / deviation, gamma = load(n.gamma + v * W), beta = load(n.beta + v * W);
        for (int r = 0; r < n.n_rows; ++r) {
            const std::ptrdiff_t at = std::ptrdiff_t(r) * panel + v * W;
            const Vec<T> z_hat = (load(n.rows + at) - mean) * inverse;
            store<T>(n.z_hat + at, z_hat);
            store<T>(n.rows + at, fma<T>(gamma, z_hat, beta));
        }
    }
}

template <class T> void normalized_sums(const Normalization<T>& n) {
    constexpr int W = lanes<T>;
    for (int v = 0; v < n.vectors; ++v) {
        store<T>(n.sum_delta + v * W, sum_rows<T>(n.n_rows, v, [&](std::ptrdiff_t at, int) INLINE_LAMBDA { return load(n.rows + at); }));
        store<T>(n.sum_delta_z_hat + v * W,
                 sum_rows<T>(n.n_rows, v, [&](std::ptrdiff_t at, int) INLINE_LAMBDA { return load(n.rows + at) * load(n.z_hat + at); }));
    }
}

template <class T> void normalize_back(const Normalization<T>& n) {
    constexpr int W = lanes<T>, panel = 2 * W;
    for (int v = 0; v < n.vectors; ++v) {
        const Vec<T> sum = load(n.sum_delta + v * W), sum_z_hat = load(n.sum_delta_z_hat + v * W);
        const Vec<T> factor = load(n.gamma + v * W) / square_root<T>(load(n.variance + v * W) + n.epsilon);
        for (int r = 0; r < n.n_rows; ++r) {
            const std::ptrdiff_t at = std::ptrdiff_t(r) * panel + v * W;
            const Vec<T> through = fma<T>(load(n.z_hat + at), sum_z_hat, sum) * n.share[r], delta = load(n.rows + at);
            store<T>(n.rows + at, (n.frozen ? delta : delta - through) * factor);
        }
    }
}

}  // namespace CHAINRULE_ISA
}  // namespace chainrule

// The three products of backpropagation on register tiles: MR rows times NV vectors of accumulators. Every output element is one
// chain of fused multiply-adds over k in ascending order, whatever the tile: results do not depend on how rows are shared out.
#pragma once

#include <utility>

#include "activations.hpp"

namespace chainrule {
namespace CHAINRULE_ISA {

// Tile heights that fill the registers: accumulators + NV operands + one broadcast.
template <int NV> constexpr int tallest = NV == 1 ? 12 : (vector_bytes == 64 ? 12 : 6);

// acc += A * B over `depth` steps within one block: A's element (m, k) is at a[m * panel + k] if ByRow (activations times weights),
// else at a[k * panel + m] (dW = A^T delta).
template <class T, int MR, int NV, bool ByRow>
INLINE void accumulate(Vec<T> (&acc)[MR][NV], const T* a, const T* b, std::ptrdiff_t ldb, int depth) {
    constexpr int W = lanes<T>, panel = 2 * W;
#pragma GCC unroll 2
    for (int k = 0; k < depth; ++k, b += ldb) {
        Vec<T> right[NV];
        UNROLL for (int v = 0; v < NV; ++v) right[v] = load(b + v * W);
        UNROLL for (int m = 0; m < MR; ++m) {
            const Vec<T> left = broadcast<T>(ByRow ? a[m * panel + k] : a[k * panel + m]);
            UNROLL for (int v = 0; v < NV; ++v) acc[m][v] = fma<T>(left, right[v], acc[m][v]);
        }
    }
}

// acc += in * weights, block by block of the input's columns.
template <class T, int MR, int NV> INLINE void multiply(Vec<T> (&acc)[MR][NV], const Product<T>& p, int row) {
    constexpr int panel = 2 * lanes<T>;
    const T *a = p.in + row * panel, *b = p.weights;
    int left = p.depth;
    for (; left >= panel; left -= panel, a += p.in_block, b += panel * p.ld_weights)
        accumulate<T, MR, NV, true>(acc, a, b, p.ld_weights, panel);
    accumulate<T, MR, NV, true>(acc, a, b, p.ld_weights, left);
}

// Calls f(first, height, count) for at most two runs of equal tiles that cover [0, rows), none higher than `tallest`, as even as possible.
template <class F> INLINE void for_tiles(int rows, int tallest, F&& f) {
    if (rows == 0) return;
    const int tiles = (rows + tallest - 1) / tallest, height = rows / tiles, higher = rows % tiles;
    if (higher > 0) f(0, height + 1, higher);
    f(higher * (height + 1), height, tiles - higher);
}

// A table of one function template over all tile heights: Tile<MR, NV>::run at index MR - 1.
template <template <int, int> class Tile, int NV, int... M> auto tile_at(int height, std::integer_sequence<int, M...>) {
    using Function = decltype(&Tile<1, NV>::run);
    static constexpr Function table[] = {&Tile<M + 1, NV>::run...};
    return table[height - 1];
}
template <template <int, int> class Tile, int NV> auto tile_at(int height) {
    return tile_at<Tile, NV>(height, std::make_integer_sequence<int, tallest<NV>>());
}

template <class T> struct Forward {
    template <int MR, int NV> struct Tile {
        static void run(const Product<T>& p, int row, int count, T floor) {
            constexpr int W = lanes<T>;
            const Vec<T> least = broadcast<T>(floor);
            for (; count > 0; --count, row += MR) {
                Vec<T> acc[MR][NV];
                UNROLL for (int m = 0; m < MR; ++m) UNROLL for (int v = 0; v < NV; ++v) acc[m][v] = load(p.bias + v * W);
                multiply<T, MR, NV>(acc, p, row);
                UNROLL for (int m = 0; m < MR; ++m) UNROLL for (int v = 0; v < NV; ++v)
                    store<T>(p.out + ((row + m) * 2 + v) * W, maximum<T>(least, acc[m][v]));
            }
        }
    };
    template <int NV> static void panel(const Product<T>& p, T floor) {
        for_tiles(p.rows, tallest<NV>, [&](int row, int height, int count) { tile_at<Tile, NV>(height)(p, row, count, floor); });
    }
};

template <class T> struct Backward {
    template <int MR, int NV> struct Tile {
        static void run(const Product<T>& p, int row, int count, Act act, const T* a) {
            constexpr int W = lanes<T>;
            for (; count > 0; --count, row += MR) {
                Vec<T> acc[MR][NV] = {};
                multiply<T, MR, NV>(acc, p, row);
                T* out = p.out + row * 2 * W;
                const T* outputs = a + row * 2 * W;
                with_slope<T>(act, [&](auto slope) INLINE_LAMBDA {
                    UNROLL for (int m = 0; m < MR; ++m) UNROLL for (int v = 0; v < NV; ++v)
                        store<T>(out + (m * 2 + v) * W, acc[m][v] * slope(load(outputs + (m * 2 + v) * W)));
                });
            }
        }
    };
    template <int NV> static void panel(const Product<T>& p, Act act, const T* a) {
        for_tiles(p.rows, tallest<NV>, [&](int row, int height, int count) { tile_at<Tile, NV>(height)(p, row, count, act, a); });
    }
};

// MR rows of dW over `depth` batch rows, continuing the partial sums in `sums` (row-major, NV vectors wide) unless they are fresh.
// `in` is at the tile's first column within its block.
template <class T> struct WeightGradient {
    template <int MR, int NV> struct Tile {
        static void run(const T* in, const T* delta, int depth, int count, T* sums, bool fresh) {
            constexpr int W = lanes<T>;
            for (; count > 0; --count, in += MR, sums += MR * NV * W) {
                Vec<T> acc[MR][NV] = {};
                if (!fresh)
                    UNROLL for (int m = 0; m < MR; ++m) UNROLL for (int v = 0; v < NV; ++v) acc[m][v] = load(sums + (m * NV + v) * W);
                accumulate<T, MR, NV, false>(acc, in, delta, 2 * W, depth);
                UNROLL for (int m = 0; m < MR; ++m) UNROLL for (int v = 0; v < NV; ++v) store<T>(sums + (m * NV + v) * W, acc[m][v]);
            }
        }
    };
};

}  // namespace CHAINRULE_ISA
}  // namespace chainrule

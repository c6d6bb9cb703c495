// Vectors of the instruction set this file is compiled for. GCC/Clang vector extensions carry the arithmetic; the few operations
// they lack (fused multiply-add, square root, maximum) come from intrinsics. -ffp-contract=off is set for these files, so a product
// is fused exactly where `fma` is written and every instantiation rounds alike.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#define INLINE inline __attribute__((always_inline))
#define INLINE_LAMBDA __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 16")

namespace chainrule {
namespace CHAINRULE_ISA {

#if defined(CHAINRULE_VECTOR_BYTES)
constexpr int vector_bytes = CHAINRULE_VECTOR_BYTES;
#elif defined(__AVX512F__)
constexpr int vector_bytes = 64;
#elif defined(__AVX2__)
constexpr int vector_bytes = 32;
#else
constexpr int vector_bytes = 16;
#endif

template <class T> struct Lane;
template <> struct Lane<float> {
    typedef float Vector __attribute__((vector_size(vector_bytes)));
    typedef std::int32_t Bits __attribute__((vector_size(vector_bytes)));
    using Int = std::int32_t;
};
template <> struct Lane<double> {
    typedef double Vector __attribute__((vector_size(vector_bytes)));
    typedef std::int64_t Bits __attribute__((vector_size(vector_bytes)));
    using Int = std::int64_t;
};

template <class T> using Vec = typename Lane<T>::Vector;
template <class T> using Bits = typename Lane<T>::Bits;
template <class T> constexpr int lanes = vector_bytes / int(sizeof(T));

template <class T> INLINE Vec<T> load(const T* p) {
    Vec<T> v;
    std::memcpy(&v, p, sizeof v);
    return v;
}
template <class T> INLINE void store(T* p, Vec<T> v) { std::memcpy(p, &v, sizeof v); }
template <class T> INLINE Vec<T> broadcast(T x) { return x - Vec<T>{}; }

template <class T> INLINE Vec<T> fma(Vec<T> a, Vec<T> b, Vec<T> c) {
#if defined(__AVX512F__)
    if constexpr (vector_bytes == 64) {
        if constexpr (sizeof(T) == 4) return (Vec<T>)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
        else return (Vec<T>)_mm512_fmadd_pd((__m512d)a, (__m512d)b, (__m512d)c);
    }
#elif defined(__FMA__)
    if constexpr (vector_bytes == 32) {
        if constexpr (sizeof(T) == 4) return (Vec<T>)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
        else return (Vec<T>)_mm256_fmadd_pd((__m256d)a, (__m256d)b, (__m256d)c);
    }
#elif defined(__aarch64__)
    if constexpr (vector_bytes == 16) {
        if constexpr (sizeof(T) == 4) return (Vec<T>)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
        else return (Vec<T>)vfmaq_f64((float64x2_t)c, (float64x2_t)a, (float64x2_t)b);
    }
#endif
    return a * b + c;
}

template <class T> INLINE Vec<T> square_root(Vec<T> a) {
#if defined(__AVX512F__)
    if constexpr (vector_bytes == 64) {
        if constexpr (sizeof(T) == 4) return (Vec<T>)_mm512_sqrt_ps((__m512)a);
        else return (Vec<T>)_mm512_sqrt_pd((__m512d)a);
    }
#elif defined(__AVX2__)
    if constexpr (vector_bytes == 32) {
        if constexpr (sizeof(T) == 4) return (Vec<T>)_mm256_sqrt_ps((__m256)a);
        else return (Vec<T>)_mm256_sqrt_pd((__m256d)a);
    }
#elif defined(__x86_64__)
    if constexpr (vector_bytes == 16) {
        if constexpr (sizeof(T) == 4) return (Vec<T>)_mm_sqrt_ps((__m128)a);
        else return (Vec<T>)_mm_sqrt_pd((__m128d)a);
    }
#endif
    for (int i = 0; i < lanes<T>; ++i) a[i] = std::sqrt(a[i]);
    return a;
}

// The larger of `a` and `b`; a NaN in `b` stays.
template <class T> INLINE Vec<T> maximum(Vec<T> a, Vec<T> b) {
#if defined(__AVX512F__)
    if constexpr (vector_bytes == 64) {
        if constexpr (sizeof(T) == 4) return (Vec<T>)_mm512_max_ps((__m512)a, (__m512)b);
        else return (Vec<T>)_mm512_max_pd((__m512d)a, (__m512d)b);
    }
#elif defined(__AVX2__)
    if constexpr (vector_bytes == 32) {
        if constexpr (sizeof(T) == 4) return (Vec<T>)_mm256_max_ps((__m256)a, (__m256)b);
        else return (Vec<T>)_mm256_max_pd((__m256d)a, (__m256d)b);
    }
#endif
    return a > b ? a : b;
}

// The smaller of `a` and `b`; a NaN in `b` stays.
template <class T> INLINE Vec<T> minimum(Vec<T> a, Vec<T> b) {
#if defined(__AVX512F__)
    if constexpr (vector_bytes == 64) {
        if constexpr (sizeof(T) == 4) return (Vec<T>)_mm512_min_ps((__m512)a, (__m512)b);
        else return (Vec<T>)_mm512_min_pd((__m512d)a, (__m512d)b);
    }
#elif defined(__AVX2__)
    if constexpr (vector_bytes == 32) {
        if constexpr (sizeof(T) == 4) return (Vec<T>)_mm256_min_ps((__m256)a, (__m256)b);
        else return (Vec<T>)_mm256_min_pd((__m256d)a, (__m256d)b);
    }
#endif
    return a < b ? a : b;
}

template <class T> INLINE double sum_lanes(Vec<T> v) {
    double total = 0;
    for (int i = 0; i < lanes<T>; ++i) total += double(v[i]);
    return total;
}

// Exchanges the elements of two rows whose column has, or has not, the bit S. The masks are constants, so that a row takes one instruction.
template <class T, int S, int... C> INLINE void swap_bit(Vec<T>& above, Vec<T>& below, std::integer_sequence<int, C...>) {
    constexpr int W = lanes<T>;
    const Vec<T> a = above, b = below;
#if defined(__clang__)
    above = __builtin_shufflevector(a, b, ((C & S) ? W + C - S : C)...);
    below = __builtin_shufflevector(a, b, ((C & S) ? W + C : C + S)...);
#else
    above = __builtin_shuffle(a, b, Bits<T>{((C & S) ? W + C - S : C)...});
    below = __builtin_shuffle(a, b, Bits<T>{((C & S) ? W + C : C + S)...});
#endif
}
template <class T, int S> INLINE void swap_bits(Vec<T> (&rows)[lanes<T>]) {
    constexpr int W = lanes<T>;
    UNROLL for (int r = 0; r < W; ++r)
        if (!(r & S)) swap_bit<T, S>(rows[r], rows[r + S], std::make_integer_sequence<int, W>());
    if constexpr (2 * S < W) swap_bits<T, 2 * S>(rows);
}

// In-place transposition of a square block, one vector per row: each stage swaps one bit of the row and the column index.
template <class T> INLINE void transpose(Vec<T> (&rows)[lanes<T>]) {
    constexpr int W = lanes<T>;
#if defined(__AVX2__)
    if constexpr (vector_bytes == 32 && sizeof(T) == 4) {  // interleaving within 128-bit halves is one instruction, the general form below takes two
        __m256 t[8];
        UNROLL for (int r = 0; r < 8; r += 2) {
            t[r] = _mm256_unpacklo_ps((__m256)rows[r], (__m256)rows[r + 1]);
            t[r + 1] = _mm256_unpackhi_ps((__m256)rows[r], (__m256)rows[r + 1]);
        }
        UNROLL for (int r = 0; r < 4; ++r) {
            const __m256 a = t[r / 2 * 4 + r % 2], b = t[r / 2 * 4 + r % 2 + 2];
            const int to = r / 2 * 4 + r % 2 * 2;
            rows[to] = (Vec<T>)_mm256_shuffle_ps(a, b, 0x44);
            rows[to + 1] = (Vec<T>)_mm256_shuffle_ps(a, b, 0xee);
        }
        UNROLL for (int r = 0; r < 4; ++r) {
            const __m256 a = (__m256)rows[r], b = (__m256)rows[r + 4];
            rows[r] = (Vec<T>)_mm256_permute2f128_ps(a, b, 0x20);
            rows[r + 4] = (Vec<T>)_mm256_permute2f128_ps(a, b, 0x31);
        }
        return;
    }
#endif
    swap_bits<T, 1>(rows);
}

}  // namespace CHAINRULE_ISA
}  // namespace chainrule

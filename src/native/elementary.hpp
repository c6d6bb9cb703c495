// exp, expm1, log, log1p, tanh and the normal distribution on vectors: own polynomials, so that results do not depend on the
// system's libm. Coefficients: S. L. Moshier, Cephes Mathematical Library (1989); Taylor's for exp in double precision; those of the
// normal distribution are interpolated at Chebyshev points. Errors: about 2 ulp, of Phi 5.
#pragma once

#include <limits>

#include "simd.hpp"

namespace chainrule {
namespace CHAINRULE_ISA {

template <class T, int N> INLINE Vec<T> horner(Vec<T> x, const T (&c)[N]) {
    Vec<T> y = broadcast<T>(c[0]);
    UNROLL for (int i = 1; i < N; ++i) y = fma<T>(y, x, broadcast<T>(c[i]));
    return y;
}

template <class T> struct ExpConstants;
template <> struct ExpConstants<float> {
    static constexpr float low = -104.0f, high = 89.0f, least = -87.3f, most = 88.3f,
                            ln2_high = 0.693359375f, ln2_low = -2.12194440e-4f;
    static constexpr float round = 12582912.0f;  // 1.5 * 2^23: adding it leaves the integer in the low bits
    static constexpr int mantissa = 23, bias = 127;
};
template <> struct ExpConstants<double> {
    static constexpr double low = -746.0, high = 710.0, least = -708.3, most = 709.0,
                             ln2_high = 6.93145751953125e-1, ln2_low = 1.42860682030941723212e-6;
    static constexpr double round = 6755399441055744.0;  // 1.5 * 2^52
    static constexpr int mantissa = 52, bias = 1023;
};

template <class T> INLINE Bits<T> bits_of(Vec<T> x) {
    Bits<T> bits;
    std::memcpy(&bits, &x, sizeof bits);
    return bits;
}
template <class T> INLINE Vec<T> from_bits(Bits<T> bits) {
    Vec<T> x;
    std::memcpy(&x, &bits, sizeof x);
    return x;
}

template <class T> INLINE Vec<T> magnitude(Vec<T> x) {
    return from_bits<T>(bits_of<T>(x) & std::numeric_limits<typename Lane<T>::Int>::max());
}

// x = n log(2) + r with |r| <= log(2) / 2; `shifted` holds n in its low bits.
template <class T> struct Reduced {
    Vec<T> r, shifted;
};
template <class T> INLINE Reduced<T> reduce(Vec<T> x) {
    using C = ExpConstants<T>;
    const Vec<T> shifted = fma<T>(x, broadcast<T>(T(1.44269504088896340736)), broadcast<T>(C::round));
    const Vec<T> n = shifted - C::round;
    const Vec<T> r = fma<T>(n, broadcast<T>(-C::ln2_high), x);
    return {fma<T>(n, broadcast<T>(-C::ln2_low), r), shifted};
}

// (e^r - 1 - r) / r^2 for a reduced r.
template <class T> INLINE Vec<T> exp_tail(Vec<T> r) {
    if constexpr (sizeof(T) == 4) {
        constexpr float c[] = {1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f,
                               5.0000001201e-1f};
        return horner<T>(r, c);
    } else {
        constexpr double c[] = {1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880, 1.0 / 40320,
                                1.0 / 5040,       1.0 / 720,       1.0 / 120,      1.0 / 24,      1.0 / 6,      0.5};
        return horner<T>(r, c);
    }
}

// e^r for a reduced r.
template <class T> INLINE Vec<T> exp_reduced(Vec<T> r) {
    const Vec<T> one = broadcast<T>(T(1));
    if constexpr (sizeof(T) == 4) return fma<T>(exp_tail<T>(r), r * r, r) + one;
    else return fma<T>(fma<T>(exp_tail<T>(r), r, one), r, one);
}

// 2^n for a normal result: shifting drops all of `round` but n.
template <class T> INLINE Vec<T> power_of_two(Vec<T> shifted) {
    using C = ExpConstants<T>;
    return from_bits<T>((bits_of<T>(shifted) << C::mantissa) + (typename Lane<T>::Int(C::bias) << C::mantissa));
}

// 2^n y as 2^half * 2^(n - half), so that neither factor leaves the exponent's range.
template <class T> INLINE Vec<T> scaled(Vec<T> y, Vec<T> shifted) {
    using C = ExpConstants<T>;
    const Bits<T> n = bits_of<T>(shifted) - bits_of<T>(broadcast<T>(C::round)), half = n >> 1;
    const Vec<T> first = from_bits<T>((half + C::bias) << C::mantissa), second = from_bits<T>((n - half + C::bias) << C::mantissa);
    return y * first * second;
}

template <class T> INLINE Vec<T> clamp(Vec<T> x, T low, T high) {
    return maximum<T>(broadcast<T>(low), minimum<T>(broadcast<T>(high), x));
}

template <class T> INLINE Vec<T> exp(Vec<T> x) {
    using C = ExpConstants<T>;
    const Reduced<T> e = reduce<T>(clamp<T>(x, C::low, C::high));
    return scaled<T>(exp_reduced<T>(e.r), e.shifted);
}

// The same where it is a normal number; beyond, the smallest or largest of these: enough for sigmoids, and half as long.
template <class T> INLINE Vec<T> exp_normal(Vec<T> x) {
    using C = ExpConstants<T>;
    const Reduced<T> e = reduce<T>(clamp<T>(x, C::least, C::most));
    return exp_reduced<T>(e.r) * power_of_two<T>(e.shifted);
}

// e^x - 1 = 2^n (e^r - 1) + (2^n - 1), as far as `exp_normal` goes.
template <class T> INLINE Vec<T> expm1(Vec<T> x) {
    using C = ExpConstants<T>;
    const Reduced<T> e = reduce<T>(clamp<T>(x, C::least, C::most));
    const Vec<T> power = power_of_two<T>(e.shifted);
    return fma<T>(power, fma<T>(exp_tail<T>(e.r), e.r * e.r, e.r), power - T(1));
}

// log(2^n (1 + m)) with 1 + m between sqrt(1/2) and sqrt(2).
template <class T> INLINE Vec<T> log_scaled(Vec<T> m, Vec<T> n) {
    const Vec<T> z = m * m;
    Vec<T> y;
    if constexpr (sizeof(T) == 4) {
        constexpr float p[] = {7.0376836292e-2f, -1.1514610310e-1f, 1.1676998740e-1f, -1.2420140846e-1f, 1.4249322787e-1f,
                               -1.6668057665e-1f, 2.0000714765e-1f, -2.4999993993e-1f, 3.3333331174e-1f};
        y = m * z * horner<T>(m, p);
    } else {
        constexpr double p[] = {1.01875663804580931796e-4, 4.97494994976747001425e-1, 4.70579119878881725854e0,
                                1.44989225341610930846e1,  1.79368678507819816313e1,  7.70838733755885391666e0};
        constexpr double q[] = {1.0,
                                1.12873587189167450590e1, 4.52279145837532221105e1, 8.29875266912776603211e1,
                                7.11544750618563894466e1, 2.31251620126765340583e1};
        y = m * (z * horner<T>(m, p) / horner<T>(m, q));
    }
    y = fma<T>(n, broadcast<T>(T(-2.121944400546905827679e-4)), y);
    y = fma<T>(z, broadcast<T>(T(-0.5)), y);
    return fma<T>(n, broadcast<T>(T(0.693359375)), m + y);
}

// Natural logarithm of normal positive numbers.
template <class T> INLINE Vec<T> log(Vec<T> x) {
    using C = ExpConstants<T>;
    using Int = typename Lane<T>::Int;
    const Bits<T> bits = bits_of<T>(x);
    Bits<T> e = (bits >> C::mantissa) - (C::bias - 1);
    const Vec<T> m = from_bits<T>((bits & ((Int(1) << C::mantissa) - 1)) | (Int(C::bias - 1) << C::mantissa));  // in [0.5, 1)
    const Bits<T> small = m < T(0.70710678118654752440);
    e += small;  // a true comparison is -1
    return log_scaled<T>(small ? m + m - T(1) : m - T(1), __builtin_convertvector(e, Vec<T>));
}

// log(1 + t) for t in [0, 1]: the rounding of 1 + t is corrected.
template <class T> INLINE Vec<T> log1p(Vec<T> t) {
    const Vec<T> u = t + T(1);
    return log<T>(u) + (t - (u - T(1))) / u;
}

// The same without a division and 1 + t: half as long, and a rounding apart.
template <class T> INLINE Vec<T> log1p_fast(Vec<T> t) {
    const Bits<T> large = t > T(0.41421356237309504880);
    return log_scaled<T>(large ? (t - T(1)) * T(0.5) : t, large ? broadcast<T>(T(1)) : Vec<T>{});
}

template <class T> INLINE Vec<T> tanh(Vec<T> x) {
    const Vec<T> size = magnitude<T>(x);
    const Vec<T> far = T(1) - T(2) / (exp_normal<T>(size + size) + T(1));
    const Vec<T> z = x * x;
    Vec<T> near;
    if constexpr (sizeof(T) == 4) {
        constexpr float p[] = {-5.70498872745e-3f, 2.06390887954e-2f, -5.37397155531e-2f, 1.33314422036e-1f, -3.33332819422e-1f};
        near = fma<T>(horner<T>(z, p) * z, x, x);
    } else {
        constexpr double p[] = {-9.64399179425052238628e-1, -9.92877231001918586564e1, -1.61468768441708447952e3};
        constexpr double q[] = {1.0, 1.12811678491632931402e2, 2.23548839060100448583e3, 4.84406305325125486048e3};
        near = fma<T>(x * z, horner<T>(z, p) / horner<T>(z, q), x);
    }
    return size < T(0.625) ? near : (x < T(0) ? -far : far);
}

// The standard normal distribution: Phi(x) and e^(-x^2 / 2).
template <class T> struct Normal {
    Vec<T> below, bell;
};

// Phi(-x) = e^(-x^2 / 2) Q(x), where (x + 4) Q(x) is a smooth function of t = (x - 4) / (x + 4) on all of x >= 0 (the idea of
// M. M. Shepherd and J. G. Laframboise, "Chebyshev Approximation of (1 + 2x) exp(x^2) erfc x in 0 <= x < inf", Math. Comp. 36, 1981).
template <class T> INLINE Vec<T> normal_quotient(Vec<T> x) {
    const Vec<T> inverse = T(1) / (x + T(4)), near = (x - T(4)) * inverse;
    // Of the rounding of x + 4 and x - 4, t is freed by one step of Newton's: the rest x - 4 - t (x + 4) is small.
    const Vec<T> rest = fma<T>(-near, x, x - (near + T(1)) * T(4)), t = fma<T>(inverse, rest, near);
    if constexpr (sizeof(T) == 4) {
        constexpr float c[] = {-1.22983157e-4f, 1.94801851e-4f,  1.56931365e-3f, -3.52357406e-3f, -7.52721291e-3f,
                               6.04064697e-2f,  -1.86523006e-1f, 3.87136680e-1f, -6.07896606e-1f, 7.55285139e-1f};
        return horner<T>(t, c) * inverse;
    } else {
        constexpr double c[] = {-9.51299102404734693e-10, 1.07682410069209886e-10,  1.39035049657598811e-8,  1.4468530167047006e-8,
                                -7.63984192563988015e-8,  -1.54116463340021745e-7,  2.63744365056631193e-7,  1.01969683115120603e-6,
                                -6.25193110588505967e-7,  -5.91884478718701989e-6,  7.15037346304297015e-7,  3.51441679982277790e-5,
                                -1.90787623821825609e-6,  -2.31094816114512678e-4,  1.33344255779480917e-4,  1.63081844167572166e-3,
                                -3.47969236242322195e-3,  -7.54018896558207281e-3,  6.03965748907087918e-2,  -1.86521857959694407e-1,
                                3.87137400742218693e-1,   -6.07896641971891757e-1,  7.55285130415751480e-1};
        return horner<T>(t, c) * inverse;
    }
}

template <class T> INLINE Normal<T> normal(Vec<T> x) {
    // Beyond, e^(-x^2 / 2) is 0 and its exponent would leave the range of `scaled`.
    const Vec<T> size = minimum<T>(broadcast<T>(T(sizeof(T) == 4 ? 15 : 40)), magnitude<T>(x));
    // x^2 in two parts, the first exact: its rounding would be magnified by the exponential.
    constexpr typename Lane<T>::Int low_half = (typename Lane<T>::Int(1) << (sizeof(T) == 4 ? 12 : 27)) - 1;
    const Vec<T> high = from_bits<T>(bits_of<T>(size) & ~low_half);
    const Reduced<T> e = reduce<T>(high * high * T(-0.5));
    const Vec<T> bell = scaled<T>(exp_reduced<T>(fma<T>((size - high) * T(-0.5), size + high, e.r)), e.shifted);
    const Vec<T> tail = bell * normal_quotient<T>(size);
    return {x > T(0) ? T(1) - tail : tail, bell};
}

}  // namespace CHAINRULE_ISA
}  // namespace chainrule

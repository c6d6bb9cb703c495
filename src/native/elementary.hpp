// exp, log, log1p and tanh on vectors: own polynomials, so that results do not depend on the system's libm.
// Coefficients: S. L. Moshier, Cephes Mathematical Library (1989), and Taylor's for exp in double precision. Errors: about 2 ulp.
#pragma once

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

// e^x = 2^n y with |log y| <= log(2) / 2; `shifted` holds n in its low bits.
template <class T> struct ExpParts {
    Vec<T> y, shifted;
};
template <class T> INLINE ExpParts<T> exp_parts(Vec<T> x) {
    using C = ExpConstants<T>;
    const Vec<T> shifted = fma<T>(x, broadcast<T>(T(1.44269504088896340736)), broadcast<T>(C::round));
    const Vec<T> n = shifted - C::round;
    Vec<T> r = fma<T>(n, broadcast<T>(-C::ln2_high), x);
    r = fma<T>(n, broadcast<T>(-C::ln2_low), r);
    if constexpr (sizeof(T) == 4) {
        constexpr float c[] = {1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f, 4.1665795894e-2f, 1.6666665459e-1f,
                               5.0000001201e-1f};
        return {fma<T>(horner<T>(r, c), r * r, r) + 1.0f, shifted};
    } else {
        constexpr double c[] = {1.0 / 6227020800, 1.0 / 479001600, 1.0 / 39916800, 1.0 / 3628800, 1.0 / 362880,
                                1.0 / 40320,      1.0 / 5040,      1.0 / 720,      1.0 / 120,     1.0 / 24,
                                1.0 / 6,          0.5,             1.0,            1.0};
        return {horner<T>(r, c), shifted};
    }
}

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

template <class T> INLINE Vec<T> exp(Vec<T> x) {
    using C = ExpConstants<T>;
    const ExpParts<T> e = exp_parts<T>(maximum<T>(broadcast<T>(C::low), minimum<T>(broadcast<T>(C::high), x)));
    // 2^n as 2^half * 2^(n - half), so that neither factor leaves the exponent's range.
    const Bits<T> n = bits_of<T>(e.shifted) - bits_of<T>(broadcast<T>(C::round)), half = n >> 1;
    const Vec<T> first = from_bits<T>((half + C::bias) << C::mantissa), second = from_bits<T>((n - half + C::bias) << C::mantissa);
    return e.y * first * second;
}

// The same where it is a normal number; beyond, the smallest or largest of these: enough for sigmoids, and half as long.
template <class T> INLINE Vec<T> exp_normal(Vec<T> x) {
    using C = ExpConstants<T>;
    const ExpParts<T> e = exp_parts<T>(maximum<T>(broadcast<T>(C::least), minimum<T>(broadcast<T>(C::most), x)));
    // Shifting drops all of `round` but n.
    return e.y * from_bits<T>((bits_of<T>(e.shifted) << C::mantissa) + (typename Lane<T>::Int(C::bias) << C::mantissa));
}

// Natural logarithm of normal positive numbers.
template <class T> INLINE Vec<T> log(Vec<T> x) {
    using C = ExpConstants<T>;
    using Int = typename Lane<T>::Int;
    Bits<T> bits;
    std::memcpy(&bits, &x, sizeof bits);
    const Int one_half = Int(C::bias - 1) << C::mantissa;
    Bits<T> e = (bits >> C::mantissa) - (C::bias - 1);
    const Bits<T> mantissa = (bits & ((Int(1) << C::mantissa) - 1)) | one_half;
    Vec<T> m;
    std::memcpy(&m, &mantissa, sizeof m);  // in [0.5, 1)
    const Bits<T> small = m < T(0.70710678118654752440);
    e += small;  // a true comparison is -1
    m = small ? m + m - T(1) : m - T(1);
    const Vec<T> z = m * m, n = __builtin_convertvector(e, Vec<T>);
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

// log(1 + t) for t in [0, 1]: the rounding of 1 + t is corrected.
template <class T> INLINE Vec<T> log1p(Vec<T> t) {
    const Vec<T> u = t + T(1);
    return log<T>(u) + (t - (u - T(1))) / u;
}

template <class T> INLINE Vec<T> tanh(Vec<T> x) {
    const Vec<T> magnitude = x < T(0) ? -x : x;
    const Vec<T> far = T(1) - T(2) / (exp_normal<T>(magnitude + magnitude) + T(1));
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
    return magnitude < T(0.625) ? near : (x < T(0) ? -far : far);
}

}  // namespace CHAINRULE_ISA
}  // namespace chainrule

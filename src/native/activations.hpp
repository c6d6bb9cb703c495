// One function per activation: its value, its slope from the output `a` where that determines it, else both from z.
#pragma once

#include "elementary.hpp"
#include "kernels.hpp"

namespace chainrule {
namespace CHAINRULE_ISA {

// Values and slopes, computed together where they share their exponential.
template <class T> struct Pair {
    Vec<T> value, slope;
};

template <class T> constexpr T leak = T(0.01);
// Klambauer et al. 2017, arXiv 1706.02515, eq. 14.
template <class T> constexpr T selu_scale = T(1.0507009873554805);
template <class T> constexpr T selu_floor = T(1.0507009873554805 * 1.6732632423543772);

template <class T> INLINE Pair<T> gelu(Vec<T> z) {
    const Normal<T> normal_z = normal<T>(z);
    // The bell underflows beyond 40; clipped, its product with z stays 0.
    const Vec<T> near = clamp<T>(z, T(-40), T(40));
    return {z * normal_z.below, fma<T>(near * T(0.39894228040143267794), normal_z.bell, normal_z.below)};
}

template <class T> INLINE Pair<T> softplus(Vec<T> z) {
    const Vec<T> e = exp<T>(-magnitude<T>(z)), inverse = T(1) / (e + T(1));
    return {maximum<T>(Vec<T>{}, z) + log1p_fast<T>(e), z > T(0) ? inverse : e * inverse};
}

template <class T> INLINE Pair<T> silu(Vec<T> z) {
    const Vec<T> e = exp<T>(-magnitude<T>(z)), larger = T(1) / (e + T(1)), smaller = e * larger;
    const Vec<T> s = z > T(0) ? larger : smaller, a = z * s;
    return {a, fma<T>(a, z > T(0) ? smaller : larger, s)};
}

// tanh(log(1 + w)) = (w^2 + 2 w) / (w^2 + 2 w + 2) with w = e^z, divided by w^2 where that is large.
template <class T> INLINE Pair<T> mish(Vec<T> z) {
    const Vec<T> e = exp<T>(-magnitude<T>(z)), square = e * e, twice = e + e;
    const Vec<T> above = z > T(0) ? twice + T(1) : square + twice;
    const Vec<T> inverse = T(1) / (above + (z > T(0) ? square + square : broadcast<T>(T(2))));
    const Vec<T> t = above * inverse;
    // (1 - t^2) times the logistic of z
    const Vec<T> rest = (z > T(0) ? square : e) * T(4) * (e + T(1)) * inverse * inverse;
    return {z * t, fma<T>(z, rest, t)};
}

// Calls f(value) with the activation as a function: chosen once, outside of f's loops.
template <class T, class F> INLINE void with_value(Act act, F&& f) {
    switch (act) {
        case Act::logistic: return f([](Vec<T> z) INLINE_LAMBDA { return T(1) / (exp_normal<T>(-z) + T(1)); });
        case Act::tanh: return f([](Vec<T> z) INLINE_LAMBDA { return tanh<T>(z); });
        case Act::relu: return f([](Vec<T> z) INLINE_LAMBDA { return maximum<T>(Vec<T>{}, z); });
        case Act::exp: return f([](Vec<T> z) INLINE_LAMBDA { return exp<T>(z); });
        case Act::step: return f([](Vec<T> z) INLINE_LAMBDA { return z > T(0) ? broadcast<T>(T(1)) : Vec<T>{}; });
        case Act::leaky_relu: return f([](Vec<T> z) INLINE_LAMBDA { return z > T(0) ? z : z * leak<T>; });
        case Act::elu: return f([](Vec<T> z) INLINE_LAMBDA { return z > T(0) ? z : expm1<T>(z); });
        case Act::selu:
            return f([](Vec<T> z) INLINE_LAMBDA { return z > T(0) ? z * selu_scale<T> : expm1<T>(z) * selu_floor<T>; });
        case Act::gelu: return f([](Vec<T> z) INLINE_LAMBDA { return gelu<T>(z).value; });
        case Act::softplus: return f([](Vec<T> z) INLINE_LAMBDA { return softplus<T>(z).value; });
        case Act::silu: return f([](Vec<T> z) INLINE_LAMBDA { return silu<T>(z).value; });
        case Act::mish: return f([](Vec<T> z) INLINE_LAMBDA { return mish<T>(z).value; });
        default: return f([](Vec<T> z) INLINE_LAMBDA { return z; });
    }
}

// Calls f(slope) with the slope as a function of the output: chosen once, outside of f's loops.
template <class T, class F> INLINE void with_slope(Act act, F&& f) {
    switch (act) {
        case Act::logistic: return f([](Vec<T> a) INLINE_LAMBDA { return a * (T(1) - a); });
        case Act::tanh: return f([](Vec<T> a) INLINE_LAMBDA { return T(1) - a * a; });
        case Act::relu: return f([](Vec<T> a) INLINE_LAMBDA { return a > T(0) ? broadcast<T>(T(1)) : Vec<T>{}; });
        case Act::exp:
        case Act::stored: return f([](Vec<T> a) INLINE_LAMBDA { return a; });  // stored: `a` holds the slopes themselves
        case Act::step: return f([](Vec<T>) INLINE_LAMBDA { return Vec<T>{}; });
        case Act::leaky_relu:
            return f([](Vec<T> a) INLINE_LAMBDA { return a > T(0) ? broadcast<T>(T(1)) : broadcast<T>(leak<T>); });
        case Act::elu: return f([](Vec<T> a) INLINE_LAMBDA { return a > T(0) ? broadcast<T>(T(1)) : a + T(1); });
        case Act::selu:
            return f([](Vec<T> a) INLINE_LAMBDA { return a > T(0) ? broadcast<T>(selu_scale<T>) : a + selu_floor<T>; });
        default: return f([](Vec<T>) INLINE_LAMBDA { return broadcast<T>(T(1)); });
    }
}

// Calls f(both) with value and slope as one function of z, for the activations whose slope does not follow from their output.
template <class T, class F> INLINE void with_value_slope(Act act, F&& f) {
    switch (act) {
        case Act::gelu: return f([](Vec<T> z) INLINE_LAMBDA { return gelu<T>(z); });
        case Act::softplus: return f([](Vec<T> z) INLINE_LAMBDA { return softplus<T>(z); });
        case Act::silu: return f([](Vec<T> z) INLINE_LAMBDA { return silu<T>(z); });
        case Act::mish: return f([](Vec<T> z) INLINE_LAMBDA { return mish<T>(z); });
        default: return;
    }
}

// The activations of a whole layer work on lanes of rows: vector k holds unit k of `lanes` rows at once.
//
// Softmax in place; returns the maximum and the sum of exponentials.
template <class T> struct SoftmaxSums {
    Vec<T> maximum, sum;
};
template <class T> INLINE SoftmaxSums<T> softmax(T* z, int units) {
    constexpr int W = lanes<T>;
    Vec<T> top = load(z), sum{};
    for (int k = 1; k < units; ++k) top = maximum<T>(top, load(z + k * W));
    for (int k = 0; k < units; ++k) {
        const Vec<T> e = exp_normal<T>(load(z + k * W) - top);
        store<T>(z + k * W, e);
        sum += e;
    }
    for (int k = 0; k < units; ++k) store<T>(z + k * W, load(z + k * W) / sum);
    return {top, sum};
}

// delta = a (u - sum u a), the Jacobian's product with u = dl/da; in place of `a`.
template <class T> INLINE void softmax_pullback(T* a, const T* upstream, int units) {
    constexpr int W = lanes<T>;
    Vec<T> inner{};
    for (int k = 0; k < units; ++k) inner = fma<T>(load(upstream + k * W), load(a + k * W), inner);
    for (int k = 0; k < units; ++k) store<T>(a + k * W, load(a + k * W) * (load(upstream + k * W) - inner));
}

// a_0 = z_0, a_k = a_{k-1} + softplus(z_k), in place; the slopes of the softplus go to `slopes` unless that is null.
template <class T> INLINE void ordered(T* z, T* slopes, int units) {
    constexpr int W = lanes<T>;
    Vec<T> a = load(z);
    if (slopes) store<T>(slopes, broadcast<T>(T(1)));
    for (int k = 1; k < units; ++k) {
        const Pair<T> step = softplus<T>(load(z + k * W));
        a += step.value;
        store<T>(z + k * W, a);
        if (slopes) store<T>(slopes + k * W, step.slope);
    }
}

// Each score moves its own output and all later ones; in place of `a`.
template <class T> INLINE void ordered_pullback(T* a, const T* slopes, const T* upstream, int units) {
    constexpr int W = lanes<T>;
    Vec<T> later{};
    for (int k = units - 1; k >= 0; --k) {
        later += load(upstream + k * W);
        store<T>(a + k * W, later * load(slopes + k * W));
    }
}

}  // namespace CHAINRULE_ISA
}  // namespace chainrule

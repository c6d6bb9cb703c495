// One struct per activation: value and slope. The slope may use only the output `a`, which is all that is kept.
#pragma once

#include "elementary.hpp"
#include "kernels.hpp"

namespace chainrule {
namespace CHAINRULE_ISA {

// Calls f(value) with the activation as a function: chosen once, outside of f's loops.
template <class T, class F> INLINE void with_value(Act act, F&& f) {
    switch (act) {
        case Act::logistic: return f([](Vec<T> z) INLINE_LAMBDA { return T(1) / (exp_normal<T>(-z) + T(1)); });
        case Act::tanh: return f([](Vec<T> z) INLINE_LAMBDA { return tanh<T>(z); });
        case Act::relu: return f([](Vec<T> z) INLINE_LAMBDA { return maximum<T>(Vec<T>{}, z); });
        case Act::exp: return f([](Vec<T> z) INLINE_LAMBDA { return exp<T>(z); });
        default: return f([](Vec<T> z) INLINE_LAMBDA { return z; });
    }
}

template <class T> INLINE Vec<T> activation_value(Act act, Vec<T> z) {
    Vec<T> result{};
    with_value<T>(act, [&](auto value) { result = value(z); });
    return result;
}

// Calls f(slope) with the slope as a function of the output: chosen once, outside of f's loops.
template <class T, class F> INLINE void with_slope(Act act, F&& f) {
    switch (act) {
        case Act::logistic: return f([](Vec<T> a) { return a * (T(1) - a); });
        case Act::tanh: return f([](Vec<T> a) { return T(1) - a * a; });
        case Act::relu: return f([](Vec<T> a) { return a > T(0) ? broadcast<T>(T(1)) : Vec<T>{}; });
        case Act::exp: return f([](Vec<T> a) { return a; });
        default: return f([](Vec<T>) { return broadcast<T>(T(1)); });
    }
}

template <class T> INLINE Vec<T> activation_slope(Act act, Vec<T> a) {
    Vec<T> result{};
    with_slope<T>(act, [&](auto slope) { result = slope(a); });
    return result;
}

// Softmax of `units` vectors (lanes are rows): from z in place; returns the maximum and the sum of exponentials.
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

}  // namespace CHAINRULE_ISA
}  // namespace chainrule

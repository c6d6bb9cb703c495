// One struct per solver: from the gradient of a vector of parameters to its change, state updated in registers.
// The reference twins are in chainrule/formulas/solvers.py.
#pragma once

#include "kernels.hpp"
#include "simd.hpp"

namespace chainrule {
namespace CHAINRULE_ISA {

template <class T> struct Sgd {
    const Step<T>& s;
    INLINE Vec<T> change(Vec<T> g, T* velocity, T*) const {
        const Vec<T> descent = g * s.rate;
        const Vec<T> v = fma<T>(load(velocity), broadcast<T>(s.momentum), -descent);
        store<T>(velocity, v);
        return s.nesterov ? fma<T>(v, broadcast<T>(s.momentum), -descent) : v;
    }
};

template <class T> struct Adam {
    const Step<T>& s;
    INLINE Vec<T> change(Vec<T> g, T* first, T* second) const {
        const Vec<T> m = fma<T>(load(first), broadcast<T>(s.momentum), g * s.one_minus);
        const Vec<T> v = fma<T>(load(second), broadcast<T>(s.second), (g * g) * s.one_minus_second);
        store<T>(first, m);
        store<T>(second, v);
        return m * -s.rate / (square_root<T>(v) + s.epsilon);
    }
};

}  // namespace CHAINRULE_ISA
}  // namespace chainrule

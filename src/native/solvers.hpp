// One struct per solver: from the gradient of a vector of parameters to its change, state updated in registers, and the speed of a
// constant gradient after that, by which the L1 penalty's threshold goes; then what a step does around it. The reference twins are in
// chainrule/formulas/solvers.py and chainrule/engines/updates.py.
#pragma once

#include "kernels.hpp"
#include "simd.hpp"

namespace chainrule {
namespace CHAINRULE_ISA {

// Dampening is part of the rate.
template <class T> struct Sgd {
    const Step<T>& s;
    INLINE Vec<T> change(Vec<T> g, T* velocity, T*) const {
        const Vec<T> descent = g * s.rate;
        const Vec<T> v = fma<T>(load(velocity), broadcast<T>(s.momentum), -descent);
        store<T>(velocity, v);
        return s.nesterov ? fma<T>(v, broadcast<T>(s.momentum), -descent) : v;
    }
    INLINE Vec<T> speed(const T* first, const T* second) const {
        (void)first, (void)second;
        return broadcast<T>(s.pace);
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
    INLINE Vec<T> speed(const T* first, const T* second) const {
        (void)first;
        return s.rate / (square_root<T>(load(second)) + s.epsilon);
    }
};

template <class T> struct Adagrad {
    const Step<T>& s;
    INLINE Vec<T> change(Vec<T> g, T* squares, T*) const {
        const Vec<T> sum = fma<T>(g, g, load(squares));
        store<T>(squares, sum);
        return g * -s.rate / (square_root<T>(sum) + s.epsilon);
    }
    INLINE Vec<T> speed(const T* first, const T* second) const {
        (void)second;
        return s.rate / (square_root<T>(load(first)) + s.epsilon);
    }
};

template <class T> struct Adadelta {
    const Step<T>& s;
    INLINE Vec<T> change(Vec<T> g, T* gradients, T* changes) const {
        const Vec<T> v = fma<T>(load(gradients), broadcast<T>(s.second), (g * g) * s.one_minus_second);
        const Vec<T> d = load(changes);
        const Vec<T> step = square_root<T>(d + s.epsilon) / square_root<T>(v + s.epsilon) * g;
        store<T>(gradients, v);
        store<T>(changes, fma<T>(d, broadcast<T>(s.second), (step * step) * s.one_minus_second));
        return step * -s.rate;
    }
    INLINE Vec<T> speed(const T* first, const T* second) const {
        return square_root<T>(load(second) + s.epsilon) / square_root<T>(load(first) + s.epsilon) * s.rate;
    }
};

template <class T> struct RmsProp {
    const Step<T>& s;
    INLINE Vec<T> change(Vec<T> g, T* squares, T* velocity) const {
        const Vec<T> v = fma<T>(load(squares), broadcast<T>(s.second), (g * g) * s.one_minus_second);
        store<T>(squares, v);
        const Vec<T> direction = g / (square_root<T>(v) + s.epsilon);
        if (s.momentum == T(0)) return direction * -s.rate;
        const Vec<T> buffer = fma<T>(load(velocity), broadcast<T>(s.momentum), direction);
        store<T>(velocity, buffer);
        return buffer * -s.rate;
    }
    INLINE Vec<T> speed(const T* first, const T* second) const {
        (void)second;
        return s.pace / (square_root<T>(load(first)) + s.epsilon);
    }
};

template <class T> struct Frozen {
    const Step<T>& s;
    INLINE Vec<T> change(Vec<T>, T*, T*) const { return Vec<T>{}; }
    INLINE Vec<T> speed(const T* first, const T* second) const {
        (void)first, (void)second;
        return Vec<T>{};
    }
};

// n parameters whose summed gradient is in `sums`; biases are no weights: no penalty counts for them.
template <class T> struct Range {
    const T* sums;
    T *values, *state0, *state1, *gradient;
    std::ptrdiff_t n;
    bool weights;
    double* out;  // += sum g^2, sum (change)^2
};

template <class T, class Rule, bool Extra> INLINE void apply(const Step<T>& step, const Range<T>& range) {
    constexpr int W = lanes<T>;
    const Rule rule{step};
    const T alpha = range.weights ? step.alpha : T(0);
    const Vec<T> keep = broadcast<T>(range.weights ? step.keep : T(1));
    const bool sparse = range.weights && step.l1 > T(0);
    Vec<T> gradients{}, changes{};
    for (std::ptrdiff_t i = 0; i < range.n; i += W) {
        const Vec<T> weight = load(range.values + i);
        Vec<T> g = fma<T>(weight, broadcast<T>(alpha), load(range.sums + i)) * step.scale;
        if (step.norms) gradients = fma<T>(g, g, gradients);
        if (Extra) g = maximum<T>(broadcast<T>(-step.clip), minimum<T>(broadcast<T>(step.clip), g));
        Vec<T> change = rule.change(g, range.state0 + i, range.state1 + i);
        Vec<T> moved = weight + change;
        if (Extra) {
            moved = fma<T>(weight, keep, change);
            if (sparse) {
                const Vec<T> threshold = rule.speed(range.state0 + i, range.state1 + i) * step.l1;
                const Vec<T> shrunk = maximum<T>(Vec<T>{}, (moved < T(0) ? -moved : moved) - threshold);
                moved = moved < T(0) ? -shrunk : shrunk;
            }
            change = moved - weight;
        }
        store<T>(range.values + i, moved);
        if (step.norms) changes = fma<T>(change, change, changes);
    }
    if (step.norms) {
        range.out[0] += sum_lanes<T>(gradients);
        range.out[1] += sum_lanes<T>(changes);
    }
}

template <class T, class Rule> INLINE void apply(const Step<T>& step, const Range<T>& range) {
    step.extra ? apply<T, Rule, true>(step, range) : apply<T, Rule, false>(step, range);
}

template <class T> INLINE void write_gradient(const Step<T>& step, const Range<T>& range) {
    const T alpha = range.weights ? step.alpha : T(0);
    Vec<T> squares{};
    for (std::ptrdiff_t i = 0; i < range.n; i += lanes<T>) {
        const Vec<T> g = fma<T>(load(range.values + i), broadcast<T>(alpha), load(range.sums + i)) * step.scale;
        squares = fma<T>(g, g, squares);
        store<T>(range.gradient + i, g);
    }
    range.out[0] += sum_lanes<T>(squares);
}

template <class T> INLINE void take_step(const Step<T>& step, const Range<T>& range) {
    switch (step.solver) {
        case Solver::gradient: return write_gradient<T>(step, range);
        case Solver::sgd: return apply<T, Sgd<T>>(step, range);
        case Solver::adam: return apply<T, Adam<T>>(step, range);
        case Solver::adagrad: return apply<T, Adagrad<T>>(step, range);
        case Solver::adadelta: return apply<T, Adadelta<T>>(step, range);
        case Solver::rmsprop: return apply<T, RmsProp<T>>(step, range);
        case Solver::frozen: return apply<T, Frozen<T>>(step, range);
    }
}

template <class T> void vector_step(const Parameters<T>& p) {
    take_step<T>(*p.step, {p.sums, p.values, p.state0, p.state1, p.gradient, p.n, false, p.out});
}

}  // namespace CHAINRULE_ISA
}  // namespace chainrule

// The losses with their output activations, on lanes of rows: vector k holds output k of `lanes` rows at once. Fused forms start
// from the raw scores z and stay finite for any score.
#pragma once

#include "activations.hpp"

namespace chainrule {
namespace CHAINRULE_ISA {

// The outputs of one head: `units` vectors each. z is kept, `a` ends as dl/dz, the others are used up.
template <class T> struct HeadLanes {
    const T* z;
    T *a, *y, *slopes;
    int units;
};

template <class T> INLINE Vec<T> y_log_y(Vec<T> y) {
    const Bits<T> positive = y > T(0);
    const Vec<T> safe = positive ? y : broadcast<T>(T(1));
    return safe * log<T>(safe);
}

// What a loss knows of one output; it adds to `total` and returns its slope.
template <class T> struct Term {
    Vec<T>& total;
    Vec<T> y, z, a;
    int k;
};

template <class T> INLINE Vec<T> logistic_log_loss(const Term<T>& o) {
    const Vec<T> loss = o.z > T(0) ? o.z * (T(1) - o.y) : -o.z * o.y;
    o.total += loss + log1p<T>(exp_normal<T>(-magnitude<T>(o.z)));
    return o.a - o.y;
}

template <class T> INLINE Vec<T> poisson_exp(const Term<T>& o) {
    o.total += y_log_y<T>(o.y) - o.y * o.z - o.y + o.a;
    return o.a - o.y;
}

// s(z) - y s(z) / a with the logistic s = 1 - e^-a. Far down a = s = e^z, which underflows: there z is the logarithm, 1 the quotient.
template <class T> INLINE Vec<T> poisson_softplus(const Term<T>& o) {
    const Bits<T> tiny = o.z < T(-37);
    const Vec<T> safe = tiny ? broadcast<T>(T(1)) : o.a, s = -expm1<T>(-o.a);
    o.total += y_log_y<T>(o.y) - o.y * (tiny ? o.z : log<T>(safe)) - o.y + o.a;
    return s - o.y * (tiny ? safe : s / safe);
}

template <class T> INLINE Vec<T> huber(const Term<T>& o, T delta, T share) {
    const Vec<T> difference = o.a - o.y, near = clamp<T>(difference, -delta, delta);
    o.total = fma<T>(near * share, difference - near * T(0.5), o.total);
    return near * share;
}

template <class T> INLINE Vec<T> absolute_error(const Term<T>& o, T share) {
    const Vec<T> difference = o.a - o.y, size = broadcast<T>(share);
    o.total = fma<T>(magnitude<T>(difference), size, o.total);
    return difference > T(0) ? size : (difference < T(0) ? -size : Vec<T>{});
}

template <class T> INLINE Vec<T> quantile(const Term<T>& o, T level, T share) {
    const Vec<T> below = o.y - o.a;
    const Vec<T> slope = below > T(0) ? broadcast<T>(-level) : (below < T(0) ? broadcast<T>(T(1) - level) : Vec<T>{});
    o.total = fma<T>(below * slope, broadcast<T>(-share), o.total);
    return slope * share;
}

template <class T> INLINE Vec<T> hinge(const Term<T>& o) {
    const Vec<T> t = o.y + o.y - T(1), short_of = T(1) - t * o.z;
    o.total += maximum<T>(Vec<T>{}, short_of);
    return short_of > T(0) ? -t : Vec<T>{};
}

// Rosenblatt's rule: a score of 0 counts as class 0.
template <class T> INLINE Vec<T> perceptron(const Term<T>& o) {
    const Vec<T> t = o.y + o.y - T(1);
    const Bits<T> wrong = (o.z > T(0)) != (t > T(0));
    o.total += maximum<T>(Vec<T>{}, -t * o.z);
    return wrong ? -t : Vec<T>{};
}

// Calls f(term) with the loss of one output as a function: chosen once, outside of f's loops.
template <class T, class F> INLINE void with_loss(const Head<T>& head, F&& f) {
    using O = const Term<T>&;
    const T share = T(1) / T(head.units);  // of the losses that are a mean
    switch (head.loss) {
        case Loss::squared_error:
            return f([](O o) INLINE_LAMBDA {
                const Vec<T> difference = o.a - o.y;
                o.total = fma<T>(difference * T(0.5), difference, o.total);
                return difference;
            });
        case Loss::mse:
            return f([share](O o) INLINE_LAMBDA {
                const Vec<T> difference = o.a - o.y, part = difference * share;
                o.total = fma<T>(part, difference, o.total);
                return part + part;
            });
        case Loss::absolute_error: return f([share](O o) INLINE_LAMBDA { return absolute_error<T>(o, share); });
        case Loss::huber:
            return f([share, delta = T(head.parameters.delta)](O o) INLINE_LAMBDA { return huber<T>(o, delta, share); });
        case Loss::quantile:
            return f([share, &p = head.parameters](O o) INLINE_LAMBDA {
                return quantile<T>(o, T(p.level[p.levels > 1 ? o.k : 0]), share);
            });
        case Loss::hinge: return f([](O o) INLINE_LAMBDA { return hinge<T>(o); });
        case Loss::perceptron: return f([](O o) INLINE_LAMBDA { return perceptron<T>(o); });
        case Loss::log_loss: return f([](O o) INLINE_LAMBDA { return logistic_log_loss<T>(o); });
        case Loss::poisson:
            if (head.act == Act::softplus) return f([](O o) INLINE_LAMBDA { return poisson_softplus<T>(o); });
            return f([](O o) INLINE_LAMBDA { return poisson_exp<T>(o); });
    }
}

// Whether the loss returns dl/dz rather than dl/da, so that the activation's slope is not needed.
template <class T> INLINE bool fused(const Head<T>& head) {
    return head.act == Act::identity || head.loss == Loss::log_loss || head.loss == Loss::poisson || head.loss == Loss::perceptron;
}

// a = f(z), and f'(z) unless the form is fused.
template <class T> INLINE void output_values(Act act, const HeadLanes<T>& h, bool fused) {
    constexpr int W = lanes<T>;
    if (act == Act::identity || act == Act::softmax || act == Act::ordered) {
        std::memcpy(h.a, h.z, sizeof(T) * W * h.units);
        if (act == Act::softmax) softmax<T>(h.a, h.units);
        if (act == Act::ordered) ordered<T>(h.a, h.slopes, h.units);
        return;
    }
    if (!fused && !slope_from_output(act))
        return with_value_slope<T>(act, [&](auto both) INLINE_LAMBDA {
            for (int k = 0; k < h.units; ++k) {
                const Pair<T> pair = both(load(h.z + k * W));
                store<T>(h.a + k * W, pair.value);
                store<T>(h.slopes + k * W, pair.slope);
            }
        });
    with_value<T>(act, [&](auto value) INLINE_LAMBDA {
        for (int k = 0; k < h.units; ++k) store<T>(h.a + k * W, value(load(h.z + k * W)));
    });
    if (!fused)
        with_slope<T>(act, [&](auto slope) INLINE_LAMBDA {
            for (int k = 0; k < h.units; ++k) store<T>(h.slopes + k * W, slope(load(h.a + k * W)));
        });
}

// dl/dz in place of `a` from dl/da in `y`.
template <class T> INLINE void output_pullback(Act act, const HeadLanes<T>& h) {
    constexpr int W = lanes<T>;
    if (act == Act::softmax) return softmax_pullback<T>(h.a, h.y, h.units);
    if (act == Act::ordered) return ordered_pullback<T>(h.a, h.slopes, h.y, h.units);
    for (int k = 0; k < h.units; ++k) store<T>(h.a + k * W, load(h.y + k * W) * load(h.slopes + k * W));
}

// y (1 - e) + e / K; a logistic output is one of two classes.
template <class T> INLINE void smooth(const Head<T>& head, const HeadLanes<T>& h) {
    constexpr int W = lanes<T>;
    const T kept = T(1 - head.parameters.smoothing);
    const T spread = T(head.parameters.smoothing / (head.act == Act::softmax ? head.units : 2));
    for (int k = 0; k < h.units; ++k) store<T>(h.y + k * W, fma<T>(load(h.y + k * W), broadcast<T>(kept), broadcast<T>(spread)));
}

template <class T> INLINE Vec<T> softmax_log_loss(const HeadLanes<T>& h) {
    constexpr int W = lanes<T>;
    std::memcpy(h.a, h.z, sizeof(T) * W * h.units);
    const SoftmaxSums<T> sums = softmax<T>(h.a, h.units);
    const Vec<T> log_sum = log<T>(sums.sum);
    Vec<T> total{};
    for (int k = 0; k < h.units; ++k) {
        const Vec<T> y = load(h.y + k * W), term = y * (log_sum - (load(h.z + k * W) - sums.maximum));
        total += y == T(0) ? Vec<T>{} : term;  // 0 * inf is no loss
        store<T>(h.a + k * W, load(h.a + k * W) - y);
    }
    return total;
}

// Leaves dl/dz in `a`. Returns the loss of each row.
template <class T> INLINE Vec<T> loss_and_delta(const Head<T>& head, const HeadLanes<T>& h) {
    constexpr int W = lanes<T>;
    if (head.loss == Loss::log_loss && head.parameters.smoothing != 0) smooth<T>(head, h);
    if (head.loss == Loss::log_loss && head.act == Act::softmax) return softmax_log_loss<T>(h);
    const bool direct = fused(head);
    output_values<T>(head.act, h, direct);
    Vec<T> total{};
    T* slopes = direct ? h.a : h.y;
    with_loss<T>(head, [&](auto term) INLINE_LAMBDA {
        for (int k = 0; k < h.units; ++k)
            store<T>(slopes + k * W, term({total, load(h.y + k * W), load(h.z + k * W), load(h.a + k * W), k}));
    });
    if (!direct) output_pullback<T>(head.act, h);
    return total;
}

}  // namespace CHAINRULE_ISA
}  // namespace chainrule

// The losses with their output activations, on lanes of rows: vector k holds output k of `lanes` rows at once. The fused forms start
// from the raw scores z and stay finite for any score; their slope is a - y.
#pragma once

#include "activations.hpp"

namespace chainrule {
namespace CHAINRULE_ISA {

template <class T> INLINE Vec<T> y_log_y(Vec<T> y) {
    const Bits<T> positive = y > T(0);
    const Vec<T> safe = positive ? y : broadcast<T>(T(1));
    return safe * log<T>(safe);
}

// z, a, y: `units` vectors each; a and z may not overlap. On return `a` holds dl/dz. Returns the loss of each row.
template <class T> INLINE Vec<T> loss_and_delta(Loss loss, Act act, const T* z, T* a, const T* y, int units) {
    constexpr int W = lanes<T>;
    Vec<T> total{};
    if (loss == Loss::log_loss && act == Act::softmax) {
        const SoftmaxSums<T> sums = softmax<T>(a, units);
        const Vec<T> log_sum = log<T>(sums.sum);
        for (int k = 0; k < units; ++k) {
            const Vec<T> yk = load(y + k * W);
            const Vec<T> term = yk * (log_sum - (load(z + k * W) - sums.maximum));
            total += yk == T(0) ? Vec<T>{} : term;  // 0 * inf is no loss
            store<T>(a + k * W, load(a + k * W) - yk);
        }
        return total;
    }
    if (act == Act::softmax) {  // squared_error, the only other loss that takes softmax: the Jacobian's product with dl/da
        softmax<T>(a, units);
        Vec<T> inner{};
        for (int k = 0; k < units; ++k) {
            const Vec<T> ak = load(a + k * W), difference = ak - load(y + k * W);
            inner = fma<T>(difference, ak, inner);
            total = fma<T>(difference * T(0.5), difference, total);
        }
        for (int k = 0; k < units; ++k) {
            const Vec<T> ak = load(a + k * W);
            store<T>(a + k * W, ak * (ak - load(y + k * W) - inner));
        }
        return total;
    }
    for (int k = 0; k < units; ++k) {
        const Vec<T> zk = load(z + k * W), yk = load(y + k * W), ak = activation_value<T>(act, zk);
        Vec<T> delta = ak - yk;
        if (loss == Loss::squared_error) {
            total = fma<T>(delta * T(0.5), delta, total);
            if (act != Act::identity) delta *= activation_slope<T>(act, ak);
        } else if (loss == Loss::log_loss) {
            const Vec<T> size = zk < T(0) ? -zk : zk;
            total += (zk > T(0) ? zk * (T(1) - yk) : -zk * yk) + log1p<T>(exp_normal<T>(-size));
        } else {  // half the Poisson deviance with output exp
            total += y_log_y<T>(yk) - yk * zk - yk + ak;
        }
        store<T>(a + k * W, delta);
    }
    return total;
}

}  // namespace CHAINRULE_ISA
}  // namespace chainrule

// Gradients of the weights over a chunk, and the solver's steps: each stripe is summed and changed by one thread.
#include <algorithm>
#include <cmath>
#include <limits>

#include "stripes.hpp"
#include "trainer.hpp"

namespace chainrule {

namespace {

// What a core's second-level cache holds of parameters and solver state beside the activations, in bytes.
constexpr std::ptrdiff_t second_cache = 256 * 1024;
// Share of the newest batch in the running statistics.
constexpr double statistics_momentum = 0.1;

}  // namespace

// The velocity of a constant gradient of 1 after the coming step: old rates live on in it.
template <class T> double Trainer<T>::carry(double rate) const {
    return settings_.solver == Solver::sgd ? settings_.momentum * carried_ + (1 - settings_.dampening) * rate : rate;
}

template <class T> Step<T> Trainer<T>::step_constants(double rate, double carried, double weight_sum, bool norms, bool frozen) const {
    double corrected = rate;
    if (settings_.solver == Solver::adam) {
        const double t = double(t_ + 1);
        corrected = rate * std::sqrt(1 - std::pow(settings_.second, t)) / (1 - std::pow(settings_.momentum, t));
    } else if (settings_.solver == Solver::sgd) {
        corrected = rate * (1 - settings_.dampening);
    }
    const double keep = 1 - rate * settings_.weight_decay;
    double pace = rate;
    if (settings_.solver == Solver::sgd) pace = settings_.nesterov ? settings_.momentum * carried + rate : carried;
    if (settings_.solver == Solver::rmsprop && settings_.momentum < 1) pace = rate / (1 - settings_.momentum);
    Step<T> step{};
    step.solver = frozen ? Solver::frozen : settings_.solver;
    step.rate = T(corrected);
    step.alpha = T(settings_.alpha + settings_.l2 * weight_sum);
    step.scale = T(1 / weight_sum);
    step.momentum = T(settings_.momentum);
    step.one_minus = T(1 - settings_.momentum);
    step.second = T(settings_.second);
    step.one_minus_second = T(1 - settings_.second);
    step.epsilon = T(settings_.epsilon);
    step.nesterov = settings_.nesterov;
    step.norms = norms;
    step.keep = T(keep);
    step.l1 = T(settings_.l1);
    step.pace = T(pace);
    step.clip = T(settings_.clip_value);
    step.extra = !frozen && (keep != 1 || settings_.l1 > 0 || std::isfinite(settings_.clip_value));
    step.absolute = settings_.l1 > 0;
    return step;
}

template <class T> const typename Trainer<T>::Steps& Trainer<T>::layer_steps(double rate, double carried, double weight_sum, bool norms) {
    const std::vector<double>& factors = settings_.layer_rates;
    if (factors.empty()) steps_.assign(layout_.layers.size(), step_constants(rate, carried, weight_sum, norms, false));
    for (std::size_t k = 0; k < factors.size(); ++k) 
        steps_[k] = step_constants(rate * factors[k], carried * factors[k], weight_sum, norms, is_frozen(int(k)));
    return steps_;
}

template <class T> void Trainer<T>::stripe_steps(int rows, const Steps& steps, bool resume, bool finish, bool ready) {
    const auto one = [&](int i) {
        const StripeTask& task = layout_.stripes[i];
        const Layer& layer = layout_.layers[task.layer];
        const Step<T>& step = steps[task.layer];
        if (step.solver == Solver::frozen && !step.norms) return;
        Stripe<T> s = stripe_of(layout_, task, weights_.get(), transposed_.get());
        const std::ptrdiff_t panel = layout_.panel_at(layer, task.panel);
        s.in = in_[task.layer].get();
        s.in_block = block_;
        s.delta = delta_[task.layer].get() + task.panel * block_;
        s.rows = rows;
        if (sparse_ && task.layer == 0) {
            s.column_start = column_start_.data();
            s.column_row = column_row_.data();
            s.column_value = column_value_.data();
        }
        s.state0 = state_[0].get() + (slots_ > 0 ? panel : 0);
        s.state1 = state_[1].get() + (slots_ > 1 ? panel : 0);
        s.gradient = partial_.size() ? partial_.get() + panel : nullptr;
        s.resume = resume;
        s.finish = finish;
        s.ready = ready;
        s.distant = layout_.packed * std::ptrdiff_t(sizeof(T)) * (1 + slots_) > second_cache;
        s.step = &step;
        s.sums = stripe_sums_.data() + sums_per_stripe * i;
        k_.stripe_step(s);
    };
    const int groups = int(groups_.size()) - 1;
    pool_.run(groups, useful_threads(rows), [&](int group, int) {
        for (int i = groups_[group]; i < groups_[group + 1]; ++i) one(i);
    });
}

// gamma and beta of batch normalisation.
template <class T> void Trainer<T>::normalization_steps(const Steps& steps, bool ready) {
    for (std::size_t k = 0; k < layout_.layers.size(); ++k) {
        const Layer& layer = layout_.layers[k];
        double* out = vector_sums_.data() + 2 * k;
        out[0] = out[1] = 0;
        if (!layer.batch_norm) continue;
        const std::ptrdiff_t columns = layout_.columns(layer.outputs);
        for (const auto& [at, sums] : {std::pair(layer.beta, 2 * columns), std::pair(layer.gamma, 3 * columns)}) {
            T* gradient = partial_.size() ? partial_.get() + at : nullptr;
            k_.vector_step({ready ? gradient : moments_[k].get() + sums, weights_.get() + at, state_[0].get() + (slots_ > 0 ? at : 0),
                            state_[1].get() + (slots_ > 1 ? at : 0), gradient, columns, &steps[k], out});
        }
    }
}

// Where the whole gradient's norm is limited, it is written out first and the solver's step is taken from there.
template <class T> void Trainer<T>::weight_steps(int rows, const Steps& steps, bool resume, bool finish) {
    const bool limited = std::isfinite(settings_.clip_norm) && settings_.solver != Solver::gradient;
    if (!limited) {
        stripe_steps(rows, steps, resume, finish, false);
        if (finish) normalization_steps(steps, false);
    } else {
        Steps write = steps, take = steps;
        for (Step<T>& step : write) step.solver = Solver::gradient;  // of frozen layers too, for the report
        stripe_steps(rows, write, resume, finish, false);
        if (!finish) return;
        normalization_steps(write, false);
        const double norm = gradient_norm();
        for (Step<T>& step : take) {
            step.alpha = T(0);
            step.scale = T(norm > settings_.clip_norm ? settings_.clip_norm / norm : 1);
        }
        stripe_steps(rows, take, false, true, true);
        normalization_steps(take, true);
    }
    if (finish && std::isfinite(settings_.max_norm) && settings_.solver != Solver::gradient) limit_norms(steps);
}

// Norm of the gradient that was just written out, without frozen layers; its parts are kept for the report, which gives them as they
// were before clipping.
template <class T> double Trainer<T>::gradient_norm() {
    double total = 0;
    std::fill(layer_squares_.begin(), layer_squares_.end(), 0.0);
    for (std::size_t i = 0; i < layout_.stripes.size(); ++i)
        layer_squares_[layout_.stripes[i].layer] += stripe_sums_[sums_per_stripe * i + 1];
    for (std::size_t k = 0; k < layer_squares_.size(); ++k) {
        layer_squares_[k] += vector_sums_[2 * k];
        if (!std::isfinite(layer_squares_[k])) layer_squares_[k] = wide_squares(int(k));
        if (!is_frozen(int(k))) total += layer_squares_[k];
    }
    return std::sqrt(total);
}

// The squares of one layer's gradient in double precision, where they leave the range of T.
template <class T> double Trainer<T>::wide_squares(int k) const {
    const Layer& layer = layout_.layers[k];
    const std::ptrdiff_t columns = layout_.columns(layer.outputs), end = columns * (layer.inputs + 1);
    double total = 0;
    const auto add = [&](std::ptrdiff_t at, std::ptrdiff_t n) {
        for (std::ptrdiff_t i = at; i < at + n; ++i) total += double(partial_.get()[i]) * double(partial_.get()[i]);
    };
    add(layer.weights, end);
    if (!layer.batch_norm) return total;
    add(layer.beta, columns);
    add(layer.gamma, columns);
    return total;
}

template <class T> void Trainer<T>::limit_norms(const Steps& steps) {
    pool_.run(int(layout_.panel_tasks.size()), useful_threads(chunk_), [&](int i, int) {
        const Layout::PanelTask& task = layout_.panel_tasks[i];
        const Layer& layer = layout_.layers[task.layer];
        if (steps[task.layer].solver == Solver::frozen) return;
        k_.limit_norms(weights_.get() + layout_.panel_at(layer, task.panel), layer.inputs, layout_.vectors(layer.outputs, task.panel),
                       T(settings_.max_norm));
        for (int stripe = task.first_stripe; stripe < task.end_stripe; ++stripe) {
            const Stripe<T> s = stripe_of(layout_, layout_.stripes[stripe], weights_.get(), transposed_.get());
            sum_weights(stripe);
            if (s.transposed) k_.write_transposed(s);
        }
    });
}

// The running statistics follow the batch's; the running variance is the unbiased one.
template <class T> void Trainer<T>::follow_statistics(double weight_sum) {
    const T unbiased = T(std::max(1.0, weight_sum / std::max(weight_sum - 1, 1.0))), share = T(statistics_momentum);
    for (std::size_t k = 0; k < layout_.layers.size(); ++k) {
        const Layer& layer = layout_.layers[k];
        if (!layer.batch_norm || uses_running(int(k))) continue;
        T *mean = weights_.get() + layer.mean, *variance = weights_.get() + layer.variance;
        const T *batch = moments_[k].get(), *spread = batch + layout_.columns(layer.outputs);
        for (int j = 0; j < layer.outputs; ++j) {
            mean[j] += share * (batch[j] - mean[j]);
            variance[j] += share * (unbiased * spread[j] - variance[j]);
        }
    }
}

template <class T> void Trainer<T>::collect_norms(EpochSums& sums) const {
    const bool limited = std::isfinite(settings_.clip_norm);
    sums.gradient_norms.assign(layout_.layers.size(), 0);
    sums.update_norms.assign(layout_.layers.size(), 0);
    for (std::size_t i = 0; i < layout_.stripes.size(); ++i) {
        sums.gradient_norms[layout_.stripes[i].layer] += stripe_sums_[sums_per_stripe * i + 1];
        sums.update_norms[layout_.stripes[i].layer] += stripe_sums_[sums_per_stripe * i + 2];
    }
    for (std::size_t k = 0; k < layout_.layers.size(); ++k) {
        sums.gradient_norms[k] = std::sqrt(limited ? layer_squares_[k] : sums.gradient_norms[k] + vector_sums_[2 * k]);
        sums.update_norms[k] = std::sqrt(sums.update_norms[k] + vector_sums_[2 * k + 1]);
    }
}

template class Trainer<float>;
template class Trainer<double>;

}  // namespace chainrule

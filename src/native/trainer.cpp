#include "trainer.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "stripes.hpp"

namespace chainrule {

namespace {

// Rows of a batch held at once; larger batches continue the sums chunk by chunk.
constexpr int chunk_rows = 1024;
// Below this many multiply-adds per step a second thread costs more than it brings.
constexpr double shared_work = 250e3;
// Multiply-adds of one task of the second phase.
constexpr double group_work = 100e3;

}  // namespace

template <class T>
Trainer<T>::Trainer(const NetworkShape& shape, const Settings& settings, const Kernels<T>& kernels, int threads)
    : layout_(shape, kernels.lanes, kernels.stripe),
      settings_(settings),
      heads_(heads_in<T>(shape)),
      k_(kernels),
      pool_(threads),
      slots_(settings.slots),
      steps_(layout_.layers.size()),
      weights_(layout_.packed),
      transposed_(layout_.packed_transposed),
      stripe_sums_(sums_per_stripe * layout_.stripes.size()),
      vector_sums_(2 * layout_.layers.size()),
      layer_squares_(layout_.layers.size()) {
    for (int slot = 0; slot < slots_; ++slot) state_[slot] = Buffer<T>(layout_.packed);
    if (settings.solver == Solver::gradient || std::isfinite(settings.clip_norm)) partial_ = Buffer<T>(layout_.packed);
    scratch_per_thread_ = std::ptrdiff_t(4) * kernels.lanes * shape.widths.back();
    scratch_ = Buffer<T>(scratch_per_thread_ * pool_.threads());
    keys_ = Buffer<std::uint32_t>(std::ptrdiff_t(block_rows) * pool_.threads());
    for (const Layer& layer : layout_.layers) moments_.emplace_back(layer.batch_norm ? 4 * layout_.columns(layer.outputs) : 0);
}

// Calls f(offset in theta, offset in the panels, length) for every row of every panel, and for batch normalisation's vectors.
template <class T> template <class F> void Trainer<T>::for_panel_rows(F&& f) const {
    for (const Layer& layer : layout_.layers) {
        for (int p = 0; p < layout_.panels(layer.outputs); ++p) {
            const std::ptrdiff_t panel = layout_.panel_at(layer, p), first = std::ptrdiff_t(p) * layout_.panel;
            const int width = layout_.vectors(layer.outputs, p) * layout_.lanes;
            const int real = int(std::min<std::ptrdiff_t>(width, layer.outputs - first));
            for (std::ptrdiff_t row = 0; row < layer.inputs; ++row)
                f(layer.theta_weights + row * layer.outputs + first, panel + row * width, real);
            if (!layer.batch_norm) f(layer.theta_bias + first, panel + std::ptrdiff_t(layer.inputs) * width, real);
        }
        if (!layer.batch_norm) continue;
        f(layer.theta_bias, layer.beta, layer.outputs);
        f(layer.theta_gamma, layer.gamma, layer.outputs);
        f(layer.theta_mean, layer.mean, layer.outputs);
        f(layer.theta_variance, layer.variance, layer.outputs);
    }
}

template <class T> void Trainer<T>::pack(const T* theta, Buffer<T>& panels) const {
    for_panel_rows([&](std::ptrdiff_t from, std::ptrdiff_t to, int n) { std::memcpy(panels.get() + to, theta + from, n * sizeof(T)); });
}

template <class T> void Trainer<T>::unpack(const Buffer<T>& panels, T* theta) const {
    for_panel_rows([&](std::ptrdiff_t to, std::ptrdiff_t from, int n) { std::memcpy(theta + to, panels.get() + from, n * sizeof(T)); });
}

template <class T> void Trainer<T>::sum_weights(int stripe) {
    const StripeTask& task = layout_.stripes[stripe];
    const Layer& layer = layout_.layers[task.layer];
    const std::ptrdiff_t width = std::ptrdiff_t(layout_.vectors(layer.outputs, task.panel)) * layout_.lanes;
    double* sums = stripe_sums_.data() + sums_per_stripe * stripe;
    k_.weight_sums(weights_.get() + layout_.panel_at(layer, task.panel) + task.begin * width,
                   (std::min(task.end, layer.inputs) - task.begin) * width, sums, settings_.l1 > 0 ? sums + 3 : nullptr);
}

template <class T> void Trainer<T>::set_theta(const T* theta) {
    FlushDenormals flush;
    pack(theta, weights_);
    for (int i = 0; i < int(layout_.stripes.size()); ++i) {
        const Stripe<T> s = stripe_of(layout_, layout_.stripes[i], weights_.get(), transposed_.get());
        sum_weights(i);
        if (s.transposed) k_.write_transposed(s);
    }
}

template <class T> void Trainer<T>::reserve(std::int64_t batch, bool sparse) {
    // Batch normalisation needs the whole batch at once.
    const bool whole = layout_.shape.any_batch_norm();
    const int chunk = int(whole ? batch : std::min<std::int64_t>(batch, chunk_rows));
    if (batch > chunk && partial_.size() == 0) partial_ = Buffer<T>(layout_.packed);
    if (chunk <= chunk_ && sparse == sparse_) return;
    chunk_ = 0;  // until everything is there
    in_.clear();
    delta_.clear();
    slope_.clear();
    z_hat_.clear();
    block_ = std::ptrdiff_t(chunk) * layout_.panel;
    double work = 0;
    for (const Layer& layer : layout_.layers) {
        const bool needs_rows = !(sparse && layer.theta_weights == 0 && in_.empty());
        in_.emplace_back(needs_rows ? layout_.blocks(layer.inputs) * block_ : 0);
        const std::ptrdiff_t size = layout_.blocks(layer.outputs) * block_;
        delta_.emplace_back(size);
        slope_.emplace_back(layer.stores_slopes() && delta_.size() < layout_.layers.size() ? size : 0);
        z_hat_.emplace_back(layer.batch_norm ? size : 0);
        if (needs_rows) set_ones(int(in_.size()) - 1, 0, chunk);
    }
    row_loss_ = Buffer<T>(chunk);
    share_ = Buffer<T>(whole ? chunk : 0);
    groups_.assign(1, 0);
    for (std::size_t i = 0; i < layout_.stripes.size(); ++i) {
        const StripeTask& s = layout_.stripes[i];
        work += double(s.end - s.begin) * layout_.vectors(layout_.layers[s.layer].outputs, s.panel) * layout_.lanes * chunk;
        if (work < group_work && i + 1 < layout_.stripes.size()) continue;
        groups_.push_back(int(i) + 1);
        work = 0;
    }
    sparse_ = sparse;
    chunk_ = chunk;
}

template <class T> double Trainer<T>::weight_sum(const Data<T>& data, const std::int64_t* order, int rows) const {
    if (!data.weights) return rows;
    double sum = 0;
    for (int r = 0; r < rows; ++r) sum += double(data.weights[order[r]]);
    return sum;
}

// Where the last batch begins that has any weight: rows of weight zero are absent rows.
template <class T>
std::int64_t Trainer<T>::last_batch(const Data<T>& data, const std::int64_t* order, std::int64_t n, int batch) const {
    std::int64_t last = n - 1;
    while (data.weights && last > 0 && data.weights[order[last]] == 0) --last;
    return last / batch * batch;
}

template <class T> int Trainer<T>::useful_threads(int rows) const {
    return double(layout_.parameters) * rows * 3 < shared_work ? 1 : pool_.threads();
}

// The penalties of the present weights.
template <class T> double Trainer<T>::penalty(double weight_sum) const {
    double squares = 0, absolutes = 0;
    for (std::size_t i = 0; i < layout_.stripes.size(); ++i) {
        squares += stripe_sums_[sums_per_stripe * i];
        absolutes += stripe_sums_[sums_per_stripe * i + 3];
    }
    const double decay = settings_.alpha / weight_sum + settings_.l2;
    return (decay > 0 ? 0.5 * decay * squares : 0) + (settings_.l1 > 0 ? settings_.l1 * absolutes : 0);  // never 0 * inf
}

// One step (or one gradient). Returns the reported objective before it. When asked to stop, it leaves the parameters as they were.
template <class T>
double Trainer<T>::batch_step(const Data<T>& data, const Batch& batch, const Steps& steps, Watcher& watcher) {
    const double penalties = penalty(batch.weight_sum);
    double loss = 0;
    for (int from = 0; from < batch.rows; from += chunk_) {
        const int rows = std::min(chunk_, batch.rows - from);
        if (from > 0 && watcher.ask()) return 0;
        pass({data, batch.order + from, rows, from});
        weight_steps(rows, steps, from > 0, from + rows == batch.rows);
        for (int r = 0; r < rows; ++r) loss += double(row_loss_.get()[r]);
    }
    if (settings_.solver != Solver::gradient) follow_statistics(batch.weight_sum);
    if (layout_.shape.mean_reported && settings_.solver != Solver::gradient) loss /= layout_.layers.back().outputs;
    return loss / batch.weight_sum + penalties;
}

template <class T>
void Trainer<T>::epoch(const Data<T>& data, const std::int64_t* order, std::int64_t n, const double* rates, int batch,
                       Watcher& watcher, EpochSums& sums) {
    FlushDenormals flush;
    pool_.after_fork();
    reserve(std::min<std::int64_t>(batch, n), data.dense == nullptr);
    sums.loss = 0;
    sums.rows = 0;
    sums.gradient_norms.assign(layout_.layers.size(), 0);
    sums.update_norms.assign(layout_.layers.size(), 0);
    const std::int64_t last = last_batch(data, order, n, batch);
    // Looking at the clock costs as much as a small part of the smallest steps.
    const std::int64_t patience = double(layout_.parameters) * batch < 1e5 ? 16 : 1;
    std::int64_t step = 0;
    for (std::int64_t from = 0; from < n && !watcher.stopped(); from += batch, ++step) {
        const int rows = int(std::min<std::int64_t>(batch, n - from));
        if (step % patience == patience - 1 && watcher.ask()) break;
        const auto absent = [&](std::int64_t row) { return data.weights[row] == 0; };
        if (data.weights && std::all_of(order + from, order + from + rows, absent)) continue;
        const double weight = weight_sum(data, order + from, rows);
        const double carried = carry(rates[step]);
        const double loss = batch_step(data, {order + from, rows, weight}, layer_steps(rates[step], carried, weight, from == last), watcher);
        if (watcher.stopped()) break;
        ++t_;
        carried_ = carried;
        sums.loss += loss * rows;
        sums.rows += rows;
        if (from == last) collect_norms(sums);
        if (!std::isfinite(sums.loss)) break;
    }
    sums.interrupted = watcher.stopped();
}

template <class T> double Trainer<T>::gradient(const Data<T>& data, T* out) {
    FlushDenormals flush;
    pool_.after_fork();
    reserve(data.rows, data.dense == nullptr);
    Watcher unwatched{Poll{}};
    std::vector<std::int64_t> order(data.rows);
    for (std::int64_t r = 0; r < data.rows; ++r) order[r] = r;
    const int rows = int(data.rows);
    const double weight = weight_sum(data, order.data(), rows);
    const double loss = batch_step(data, {order.data(), rows, weight}, layer_steps(0, 0, weight, false), unwatched);
    unpack(partial_, out);
    return loss;
}

template class Trainer<float>;
template class Trainer<double>;

}  // namespace chainrule

#include "trainer.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>
#include <stdexcept>

namespace chainrule {

namespace {

// Rows that go through the network together on one thread: enough to reuse each panel of weights from the first-level cache, few
// enough for their activations to stay in the second.
constexpr int block_rows = 48;
// Rows of a batch held at once; larger batches continue the sums chunk by chunk.
constexpr int chunk_rows = 1024;
// Below this many multiply-adds per step a second thread costs more than it brings.
constexpr double shared_work = 250e3;
// What a core's second-level cache holds of parameters and solver state beside the activations, in bytes.
constexpr std::ptrdiff_t second_cache = 256 * 1024;
// Multiply-adds of one task of the second phase.
constexpr double group_work = 100e3;

}  // namespace

// Asks from time to time whether to stop.
class Watcher {
   public:
    explicit Watcher(Poll poll) : poll_(poll), asked_(Clock::now()) {}
    bool stopped() const { return stopped_; }
    bool ask() {
        if (stopped_ || !poll_.call || Clock::now() - asked_ < std::chrono::milliseconds(50)) return stopped_;
        asked_ = Clock::now();
        return stopped_ = poll_.call(poll_.context);
    }

   private:
    using Clock = std::chrono::steady_clock;
    Poll poll_;
    Clock::time_point asked_;
    bool stopped_ = false;
};

template <class T>
Trainer<T>::Trainer(const NetworkShape& shape, const SolverSettings& settings, const Kernels<T>& kernels, int threads)
    : layout_(shape, kernels.lanes, kernels.stripe),
      settings_(settings),
      k_(kernels),
      pool_(threads),
      slots_(settings.solver == Solver::adam ? 2 : settings.solver == Solver::sgd ? 1 : 0),
      weights_(layout_.packed),
      transposed_(layout_.packed_transposed),
      stripe_sums_(3 * layout_.stripes.size()) {
    for (int slot = 0; slot < slots_; ++slot) state_[slot] = Buffer<T>(layout_.packed);
    if (settings.solver == Solver::gradient) partial_ = Buffer<T>(layout_.packed);
    scratch_per_thread_ = std::ptrdiff_t(4) * kernels.lanes * shape.widths.back();
    scratch_ = Buffer<T>(scratch_per_thread_ * pool_.threads());
}

// Calls f(offset in theta, offset in the panels, length) for every row of every panel, the bias row last.
template <class T> template <class F> void Trainer<T>::for_panel_rows(F&& f) const {
    for (const Layer& layer : layout_.layers)
        for (int p = 0; p < layout_.panels(layer.outputs); ++p) {
            const std::ptrdiff_t panel = layout_.panel_at(layer, p), first = std::ptrdiff_t(p) * layout_.panel;
            const int width = layout_.vectors(layer.outputs, p) * layout_.lanes;
            const int real = int(std::min<std::ptrdiff_t>(width, layer.outputs - first));
            for (std::ptrdiff_t row = 0; row < layer.inputs; ++row)
                f(layer.theta_weights + row * layer.outputs + first, panel + row * width, real);
            f(layer.theta_bias + first, panel + std::ptrdiff_t(layer.inputs) * width, real);
        }
}

template <class T> void Trainer<T>::pack(const T* theta, Buffer<T>& panels) const {
    for_panel_rows([&](std::ptrdiff_t from, std::ptrdiff_t to, int n) { std::memcpy(panels.get() + to, theta + from, n * sizeof(T)); });
}

template <class T> void Trainer<T>::unpack(const Buffer<T>& panels, T* theta) const {
    for_panel_rows([&](std::ptrdiff_t to, std::ptrdiff_t from, int n) { std::memcpy(theta + to, panels.get() + from, n * sizeof(T)); });
}

template <class T> static Stripe<T> stripe_of(const Layout& layout, const StripeTask& task, T* weights, T* transposed) {
    const Layer& layer = layout.layers[task.layer];
    Stripe<T> s{};
    s.begin = task.begin;
    s.end = task.end;
    s.inputs = layer.inputs;
    s.vectors = layout.vectors(layer.outputs, task.panel);
    s.outputs = std::min(s.vectors * layout.lanes, layer.outputs - task.panel * layout.panel);
    s.weights = weights + layout.panel_at(layer, task.panel);
    if (task.layer > 0) {
        s.transposed_panel = std::ptrdiff_t(layout.panel) * layer.outputs;
        // Rows of a W^T panel are outputs; a half-wide panel's rows are half as long.
        s.transposed = transposed + layer.transposed;
        s.first_output = task.panel * layout.panel;
    }
    return s;
}

template <class T> void Trainer<T>::set_theta(const T* theta) {
    FlushDenormals flush;
    pack(theta, weights_);
    for (std::size_t i = 0; i < layout_.stripes.size(); ++i) {
        const StripeTask& task = layout_.stripes[i];
        const Stripe<T> s = stripe_of(layout_, task, weights_.get(), transposed_.get());
        const std::ptrdiff_t width = std::ptrdiff_t(s.vectors) * layout_.lanes;
        stripe_sums_[3 * i] = k_.squares(s.weights + s.begin * width, (std::min(s.end, s.inputs) - s.begin) * width);
        if (s.transposed) k_.write_transposed(s);
    }
}

template <class T> void Trainer<T>::reserve(std::int64_t batch, bool sparse) {
    const int chunk = int(std::min<std::int64_t>(batch, chunk_rows));
    if (batch > chunk_rows && partial_.size() == 0) partial_ = Buffer<T>(layout_.packed);
    if (chunk <= chunk_ && sparse == sparse_) return;
    chunk_ = chunk;
    sparse_ = sparse;
    in_.clear();
    delta_.clear();
    block_ = std::ptrdiff_t(chunk) * layout_.panel;
    double work = 0;
    for (const Layer& layer : layout_.layers) {
        const bool needs_rows = !(sparse && layer.theta_weights == 0 && in_.empty());
        in_.emplace_back(needs_rows ? layout_.blocks(layer.inputs) * block_ : 0);
        delta_.emplace_back(layout_.blocks(layer.outputs) * block_);
        if (needs_rows) set_ones(int(in_.size()) - 1, 0, chunk);
    }
    row_loss_ = Buffer<T>(chunk);
    groups_.assign(1, 0);
    for (std::size_t i = 0; i < layout_.stripes.size(); ++i) {
        const StripeTask& s = layout_.stripes[i];
        work += double(s.end - s.begin) * layout_.vectors(layout_.layers[s.layer].outputs, s.panel) * layout_.lanes * chunk;
        if (work < group_work && i + 1 < layout_.stripes.size()) continue;
        groups_.push_back(int(i) + 1);
        work = 0;
    }
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

// The column of ones behind layer k's inputs, which the bias multiplies.
template <class T> void Trainer<T>::set_ones(int k, int begin, int end) {
    const int column = layout_.layers[k].inputs;
    T* ones = in_[k].get() + column / layout_.panel * block_ + column % layout_.panel;
    for (int r = begin; r < end; ++r) ones[std::ptrdiff_t(r) * layout_.panel] = T(1);
}

template <class T>
void Trainer<T>::forward_layer(const Data<T>& data, const std::int64_t* order, int k, int begin, int end) {
    const Layer& layer = layout_.layers[k];
    const bool last = k + 1 == int(layout_.layers.size()), sparse = k == 0 && data.dense == nullptr;
    const std::ptrdiff_t at = std::ptrdiff_t(begin) * layout_.panel;
    T* out = (last ? delta_[k].get() : in_[k + 1].get()) + at;
    const bool relu = !last && layer.activation == Act::relu;
    const T floor = relu ? T(0) : -std::numeric_limits<T>::infinity();
    for (int p = 0; p < layout_.panels(layer.outputs); ++p) {
        const int vectors = layout_.vectors(layer.outputs, p), width = vectors * layout_.lanes;
        const T* weights = weights_.get() + layout_.panel_at(layer, p);
        const T* bias = weights + std::ptrdiff_t(layer.inputs) * width;
        const Product<T> product = {in_[k].get() + at, block_, end - begin, layer.inputs, weights, width, bias, out + p * block_,
                                    vectors};
        if (sparse) k_.forward_sparse(product, {data.indptr, data.indices, data.values, order, begin}, floor);
        else k_.forward(product, floor);
    }
    if (last) return;
    if (!relu) k_.activate(layer.activation, out, block_, end - begin, layer.outputs, nullptr);
    set_ones(k + 1, begin, end);
}

template <class T> void Trainer<T>::backward_layer(int k, int begin, int end) {
    const Layer& layer = layout_.layers[k];  // delta of layer k - 1 from that of layer k
    const std::ptrdiff_t at = std::ptrdiff_t(begin) * layout_.panel;
    for (int q = 0; q < layout_.panels(layer.inputs); ++q) {
        const int vectors = layout_.vectors(layer.inputs, q);
        const T* weights = transposed_.get() + layer.transposed + std::ptrdiff_t(q) * layout_.panel * layer.outputs;
        const Product<T> product = {delta_[k].get() + at, block_,  end - begin, layer.outputs, weights, vectors * layout_.lanes,
                                    nullptr, delta_[k - 1].get() + q * block_ + at, vectors};
        k_.backward(product, layout_.layers[k - 1].activation, in_[k].get() + q * block_ + at);
    }
}

template <class T>
void Trainer<T>::forward_backward(const Data<T>& data, const std::int64_t* order, int begin, int end, int thread) {
    const int depth = int(layout_.layers.size());
    if (data.dense)
        k_.gather(data.dense, layout_.layers[0].inputs, order + begin, end - begin,
                  in_[0].get() + std::ptrdiff_t(begin) * layout_.panel, block_);
    for (int k = 0; k < depth; ++k) forward_layer(data, order, k, begin, end);
    const Layer& last = layout_.layers.back();
    T* scores = delta_.back().get() + std::ptrdiff_t(begin) * layout_.panel;
    k_.output({scores, block_, end - begin, last.outputs, data.targets, data.weights, order + begin, row_loss_.get() + begin,
               scratch_.get() + thread * scratch_per_thread_, last.activation, layout_.shape.loss});
    for (int k = depth - 1; k > 0; --k) backward_layer(k, begin, end);
}

template <class T> int Trainer<T>::useful_threads(int rows) const {
    return double(layout_.parameters) * rows * 3 < shared_work ? 1 : pool_.threads();
}

template <class T> void Trainer<T>::weight_steps(int rows, const Step<T>& step, bool resume, bool finish) {
    const auto one = [&](int i) {
        const StripeTask& task = layout_.stripes[i];
        const Layer& layer = layout_.layers[task.layer];
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
        s.distant = layout_.packed * std::ptrdiff_t(sizeof(T)) * (1 + slots_) > second_cache;
        s.step = &step;
        s.sums = stripe_sums_.data() + 3 * i;
        k_.stripe_step(s);
    };
    const int groups = int(groups_.size()) - 1;
    pool_.run(groups, useful_threads(rows), [&](int group, int) {
        for (int i = groups_[group]; i < groups_[group + 1]; ++i) one(i);
    });
}

// The batch's sparse inputs by column, so that each row of dW is summed by its owner in the order of the batch.
template <class T> void Trainer<T>::sort_columns(const Data<T>& data, const std::int64_t* order, int rows) {
    column_start_.assign(std::size_t(layout_.layers[0].inputs) + 2, 0);
    std::int64_t entries = 0;
    for (int r = 0; r < rows; ++r)
        for (std::int64_t at = data.indptr[order[r]]; at < data.indptr[order[r] + 1]; ++at, ++entries)
            ++column_start_[data.indices[at] + 2];
    for (std::size_t j = 2; j < column_start_.size(); ++j) column_start_[j] += column_start_[j - 1];
    if (entries > std::numeric_limits<std::int32_t>::max()) throw std::invalid_argument("more than 2147483647 stored entries in a batch");
    column_row_.resize(entries);
    column_value_.resize(entries);
    for (int r = 0; r < rows; ++r)
        for (std::int64_t at = data.indptr[order[r]]; at < data.indptr[order[r] + 1]; ++at) {
            const std::int32_t to = column_start_[data.indices[at] + 1]++;
            column_row_[to] = r;
            column_value_[to] = data.values[at];
        }
}

// One step (or one gradient). Returns the reported objective before it. When asked to stop, it leaves the parameters as they were.
template <class T>
double Trainer<T>::batch_step(const Data<T>& data, const Batch& batch, const Step<T>& step, Watcher& watcher) {
    double penalty = 0, loss = 0;
    for (std::size_t i = 0; i < layout_.stripes.size(); ++i) penalty += stripe_sums_[3 * i];
    const int threads = useful_threads(std::min(batch.rows, chunk_));
    for (int from = 0; from < batch.rows; from += chunk_) {
        const int rows = std::min(chunk_, batch.rows - from);
        const std::int64_t* order = batch.order + from;
        if (from > 0 && watcher.ask()) return 0;
        const int blocks = (rows + threads * block_rows - 1) / (threads * block_rows) * threads;
        pool_.run(blocks, threads, [&](int block, int thread) {
            const int begin = int(std::int64_t(rows) * block / blocks), end = int(std::int64_t(rows) * (block + 1) / blocks);
            if (begin < end) forward_backward(data, order, begin, end, thread);
        });
        if (sparse_) sort_columns(data, order, rows);
        weight_steps(rows, step, from > 0, from + rows == batch.rows);
        for (int r = 0; r < rows; ++r) loss += double(row_loss_.get()[r]);
    }
    if (layout_.shape.mean_reported && step.solver != Solver::gradient) loss /= layout_.layers.back().outputs;
    return (loss + 0.5 * settings_.alpha * penalty) / batch.weight_sum;
}

template <class T> Step<T> Trainer<T>::step_constants(double rate, double weight_sum, bool norms) const {
    double corrected = rate;
    if (settings_.solver == Solver::adam) {
        const double t = double(t_ + 1);
        corrected = rate * std::sqrt(1 - std::pow(settings_.second, t)) / (1 - std::pow(settings_.momentum, t));
    }
    return {settings_.solver,           T(corrected),        T(settings_.alpha),      T(1 / weight_sum),   T(settings_.momentum),
            T(1 - settings_.momentum), T(settings_.second), T(1 - settings_.second), T(settings_.epsilon), settings_.nesterov,
            norms};
}

template <class T> void Trainer<T>::collect_norms(EpochSums& sums) const {
    sums.gradient_norms.assign(layout_.layers.size(), 0);
    sums.update_norms.assign(layout_.layers.size(), 0);
    for (std::size_t i = 0; i < layout_.stripes.size(); ++i) {
        sums.gradient_norms[layout_.stripes[i].layer] += stripe_sums_[3 * i + 1];
        sums.update_norms[layout_.stripes[i].layer] += stripe_sums_[3 * i + 2];
    }
    for (double& norm : sums.gradient_norms) norm = std::sqrt(norm);
    for (double& norm : sums.update_norms) norm = std::sqrt(norm);
}

template <class T>
EpochSums Trainer<T>::epoch(const Data<T>& data, const std::int64_t* order, std::int64_t n, const double* rates, int batch,
                            Poll poll) {
    FlushDenormals flush;
    pool_.after_fork();
    reserve(std::min<std::int64_t>(batch, n), data.dense == nullptr);
    EpochSums sums;
    sums.gradient_norms.assign(layout_.layers.size(), 0);
    sums.update_norms.assign(layout_.layers.size(), 0);
    Watcher watcher(poll);
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
        const double loss = batch_step(data, {order + from, rows, weight}, step_constants(rates[step], weight, from == last), watcher);
        if (watcher.stopped()) break;
        ++t_;
        sums.loss += loss * rows;
        sums.rows += rows;
        if (from == last) collect_norms(sums);
        if (!std::isfinite(sums.loss)) break;
    }
    sums.interrupted = watcher.stopped();
    return sums;
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
    const double loss = batch_step(data, {order.data(), rows, weight}, step_constants(0, weight, false), unwatched);
    unpack(partial_, out);
    return loss;
}

template class Trainer<float>;
template class Trainer<double>;

}  // namespace chainrule

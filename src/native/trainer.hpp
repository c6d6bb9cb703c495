// A training in progress: parameters and solver state in panel layout, and the loop over batches.
//
// A step has two phases with a barrier after each. First every thread takes blocks of rows through the whole network, forward and
// backward: rows are independent. Then every stripe of dW is summed over the whole batch by one thread, in the order of the rows, and
// the solver's step is applied to it at once. No sum is ever split between threads, so the bits are the same for any number of them.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "kernels.hpp"
#include "layout.hpp"
#include "pool.hpp"

namespace chainrule {

// Rows that go through the network together on one thread: enough to reuse each panel of weights from the first-level cache, few
// enough for their activations to stay in the second.
constexpr int block_rows = 48;
constexpr double batch_norm_epsilon = 1e-5;

template <class T> struct Data {
    std::int64_t rows;
    const T* dense;  // (rows, I) or null if sparse
    const std::int64_t* indptr;
    const std::int32_t* indices;
    const T* values;
    const T* targets;  // (rows, target columns)
    const T* weights;  // (rows,) or null
};

struct Settings {
    Solver solver;
    int slots;  // state vectors of the solver
    double momentum, second, epsilon;  // momentum is beta_1 for adam; second is beta_2, rho or decay_rate
    double dampening;
    bool nesterov;
    double alpha, l2, l1, weight_decay;
    double max_norm, clip_norm, clip_value;  // infinite where there is no limit
    std::vector<double> layer_rates;         // empty: 1 for every layer
    std::uint64_t seed;                      // of dropout
};

struct EpochSums {
    double loss = 0;  // sum over batches of (reported objective * rows)
    std::int64_t rows = 0;
    bool interrupted = false;
    std::vector<double> gradient_norms, update_norms;
};

// Called now and then during an epoch; true asks to stop after the present step.
struct Poll {
    bool (*call)(void*) = nullptr;
    void* context = nullptr;
};

// Asks from time to time whether to stop.
class Watcher {
   public:
    using Clock = std::chrono::steady_clock;

    explicit Watcher(Poll poll) : poll_(poll), asked_(Clock::now()) {}
    bool stopped() const { return stopped_; }
    bool ask() {
        if (stopped_ || !poll_.call || Clock::now() - asked_ < std::chrono::milliseconds(50)) return stopped_;
        asked_ = Clock::now();
        return stopped_ = poll_.call(poll_.context);
    }

   private:
    Poll poll_;
    Clock::time_point asked_;
    bool stopped_ = false;
};

template <class T> class Trainer {
   public:
    Trainer(const NetworkShape& shape, const Settings& settings, const Kernels<T>& kernels, int threads);

    void set_theta(const T* theta);
    void get_theta(T* theta) const { unpack(weights_, theta); }
    void set_state(int slot, const T* vector) { pack(vector, state_[slot]); }
    void get_state(int slot, T* vector) const { unpack(state_[slot], vector); }
    int slots() const { return slots_; }
    const Layout& layout() const { return layout_; }
    std::int64_t steps() const { return t_; }
    void set_steps(std::int64_t t) { t_ = t; }
    double carried() const { return carried_; }
    void set_carried(double carried) { carried_ = carried; }

    void epoch(const Data<T>& data, const std::int64_t* order, std::int64_t n, const double* rates, int batch, Watcher& watcher,
               EpochSums& sums);
    // The objective over all rows (not divided by the number of outputs) and its gradient, laid out like theta.
    double gradient(const Data<T>& data, T* out);

   private:
    struct Batch {
        const std::int64_t* order;
        int rows;
        double weight_sum;
    };
    // One part of a batch on its way: rows held at once.
    struct Chunk {
        const Data<T>& data;
        const std::int64_t* order;
        int rows, first;  // `first`: its first row's number in the batch
    };
    using Steps = std::vector<Step<T>>;  // one for each layer

    // trainer.cpp: parameters in and out, epochs
    template <class F> void for_panel_rows(F&& f) const;
    void pack(const T* theta, Buffer<T>& panels) const;
    void unpack(const Buffer<T>& panels, T* theta) const;
    void sum_weights(int stripe);
    void reserve(std::int64_t batch, bool sparse);
    double weight_sum(const Data<T>& data, const std::int64_t* order, int rows) const;
    std::int64_t last_batch(const Data<T>& data, const std::int64_t* order, std::int64_t n, int batch) const;
    double batch_step(const Data<T>& data, const Batch& batch, const Steps& steps, Watcher& watcher);
    double penalty(double weight_sum) const;
    int useful_threads(int rows) const;

    // passes.cpp: a chunk through the network, forward and backward
    template <class F> void for_rows(int rows, F&& f);
    void pass(const Chunk& chunk);
    void gather(const Chunk& chunk, int begin, int end, int thread);
    void forward_from(const Chunk& chunk, int k, int begin, int end, int thread);
    void forward_layer(const Chunk& chunk, int k, int begin, int end);
    void finish_layer(int k, const Chunk& chunk, int begin, int end, int thread);
    void drop(int k, T* rows, T* slopes, int units, const Chunk& chunk, int begin, int end, int thread);
    void backward_from(int k, int begin, int end);
    void backward_layer(int k, int begin, int end);
    Normalization<T> normalization(int k, int p, int begin, int rows);
    bool is_frozen(int k) const { return !settings_.layer_rates.empty() && settings_.layer_rates[k] == 0; }
    // A batch with a single row of positive weight has no statistics of its own.
    bool uses_running(int k) const { return is_frozen(k) || lonely_; }
    void recall_statistics(int k);
    void for_panels(int k, void (*kernel)(const Normalization<T>&), int rows);
    void share_weights(const Chunk& chunk);
    void mask_sparse(const Chunk& chunk);
    void sort_columns(const SparseRows<T>& x, int rows);
    SparseRows<T> sparse_rows(const Chunk& chunk) const;
    void set_ones(int k, int begin, int end);

    // steps.cpp: gradients and the solver's steps
    Step<T> step_constants(double rate, double carried, double weight_sum, bool norms, bool frozen) const;
    double carry(double rate) const;
    const Steps& layer_steps(double rate, double carried, double weight_sum, bool norms);
    void weight_steps(int rows, const Steps& steps, bool resume, bool finish);
    void stripe_steps(int rows, const Steps& steps, bool resume, bool finish, bool ready);
    void normalization_steps(const Steps& steps, bool ready);
    double gradient_norm();
    double wide_squares(int k) const;
    void limit_norms(const Steps& steps);
    void follow_statistics(double weight_sum);
    void collect_norms(EpochSums& sums) const;

    Layout layout_;
    Settings settings_;
    Heads<T> heads_;
    const Kernels<T>& k_;
    Pool pool_;
    int slots_, chunk_ = 0;
    Steps steps_;  // of the present step
    std::int64_t t_ = 0;
    bool sparse_ = false, lonely_ = false;
    double carried_ = 0;
    Buffer<T> weights_, transposed_, state_[2], partial_;
    std::vector<Buffer<T>> in_, delta_;     // per layer, in blocks: inputs (chunk, I + 1), deltas (chunk, O)
    std::vector<Buffer<T>> slope_, z_hat_;  // per layer, in blocks (chunk, O); empty where not needed
    std::vector<Buffer<T>> moments_;        // per layer with batch normalisation: mean, variance, sum delta, sum delta z_hat
    std::ptrdiff_t block_ = 0;              // distance between two blocks
    Buffer<T> row_loss_, share_, scratch_;  // (chunk,), (chunk,), one slice per thread
    Buffer<std::uint32_t> keys_;            // of dropout, one slice per thread
    std::ptrdiff_t scratch_per_thread_ = 0;
    std::vector<double> stripe_sums_;       // sums_per_stripe per stripe
    std::vector<double> vector_sums_;       // two per layer: squares of gradient and change of gamma and beta
    std::vector<double> layer_squares_;     // per layer, of the gradient before clipping
    std::vector<int> groups_;               // stripes shared out together: boundaries
    std::vector<std::int32_t> column_start_, column_row_;
    std::vector<T> column_value_;
    std::vector<std::int64_t> masked_start_;  // the chunk's sparse rows after dropout
    std::vector<std::int32_t> masked_index_;
    std::vector<T> masked_value_;
};

// Output activations of `rows` rows, written to out (rows, K). theta is row-major as Python has it.
template <class T>
void predict(const NetworkShape& shape, const Kernels<T>& kernels, const T* theta, const Data<T>& data, T* out, int threads, Pool* workers);

}  // namespace chainrule

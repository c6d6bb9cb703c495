// A training in progress: parameters and solver state in panel layout, and the loop over batches.
//
// A step has two phases with a barrier after each. First every thread takes blocks of rows through the whole network, forward and
// backward: rows are independent. Then every stripe of dW is summed over the whole batch by one thread, in the order of the rows, and
// the solver's step is applied to it at once. No sum is ever split between threads, so the bits are the same for any number of them.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels.hpp"
#include "layout.hpp"
#include "pool.hpp"

namespace chainrule {

template <class T> struct Data {
    std::int64_t rows;
    const T* dense;  // (rows, I) or null if sparse
    const std::int64_t* indptr;
    const std::int32_t* indices;
    const T* values;
    const T* targets;  // (rows, K)
    const T* weights;  // (rows,) or null
};

struct SolverSettings {
    Solver solver;
    double momentum, second, epsilon;  // momentum is beta_1 for adam
    bool nesterov;
    double alpha;
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

class Watcher;

template <class T> class Trainer {
   public:
    Trainer(const NetworkShape& shape, const SolverSettings& settings, const Kernels<T>& kernels, int threads);

    void set_theta(const T* theta);
    void get_theta(T* theta) const { unpack(weights_, theta); }
    void set_state(int slot, const T* vector) { pack(vector, state_[slot]); }
    void get_state(int slot, T* vector) const { unpack(state_[slot], vector); }
    int slots() const { return slots_; }
    const Layout& layout() const { return layout_; }
    std::int64_t steps() const { return t_; }
    void set_steps(std::int64_t t) { t_ = t; }

    EpochSums epoch(const Data<T>& data, const std::int64_t* order, std::int64_t n, const double* rates, int batch, Poll poll);
    // The objective over all rows (not divided by the number of outputs) and its gradient, laid out like theta.
    double gradient(const Data<T>& data, T* out);

   private:
    struct Batch {
        const std::int64_t* order;
        int rows;
        double weight_sum;
    };

    template <class F> void for_panel_rows(F&& f) const;
    void pack(const T* theta, Buffer<T>& panels) const;
    void unpack(const Buffer<T>& panels, T* theta) const;
    void write_transposed();
    void reserve(std::int64_t batch, bool sparse);
    double weight_sum(const Data<T>& data, const std::int64_t* order, int rows) const;
    std::int64_t last_batch(const Data<T>& data, const std::int64_t* order, std::int64_t n, int batch) const;
    double batch_step(const Data<T>& data, const Batch& batch, const Step<T>& step, Watcher& watcher);
    void forward_backward(const Data<T>& data, const std::int64_t* order, int begin, int end, int thread);
    void set_ones(int k, int begin, int end);
    void forward_layer(const Data<T>& data, const std::int64_t* order, int k, int begin, int end);
    void backward_layer(int k, int begin, int end);
    void weight_steps(int rows, const Step<T>& step, bool resume, bool finish);
    void sort_columns(const Data<T>& data, const std::int64_t* order, int rows);
    Step<T> step_constants(double rate, double weight_sum, bool norms) const;
    void collect_norms(EpochSums& sums) const;
    int useful_threads(int rows) const;

    Layout layout_;
    SolverSettings settings_;
    const Kernels<T>& k_;
    Pool pool_;
    int slots_, chunk_ = 0;
    std::int64_t t_ = 0;
    bool sparse_ = false;
    Buffer<T> weights_, transposed_, state_[2], partial_;
    std::vector<Buffer<T>> in_, delta_;     // per layer, in blocks: inputs (chunk, I + 1), deltas (chunk, O)
    std::ptrdiff_t block_ = 0;              // distance between two blocks
    Buffer<T> row_loss_, scratch_;          // (chunk,), one slice per thread
    std::ptrdiff_t scratch_per_thread_ = 0;
    std::vector<double> stripe_sums_;       // three per stripe
    std::vector<int> groups_;               // stripes shared out together: boundaries
    std::vector<std::int32_t> column_start_, column_row_;
    std::vector<T> column_value_;
};

// Output activations of `rows` rows, written to out (rows, K). theta is row-major as Python has it.
template <class T>
void predict(const NetworkShape& shape, const Kernels<T>& kernels, const T* theta, const Data<T>& data, T* out, int threads);

}  // namespace chainrule

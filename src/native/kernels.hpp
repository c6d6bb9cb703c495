// The contract between the trainer (compiled once, portable) and the kernels (compiled once per instruction set): plain data and
// a table of functions. Only plain C may be shared here: an inline function of the standard library, compiled with AVX-512 in one
// file, could be chosen by the linker for all.
//
// Letters: N rows, I inputs and O outputs of a layer, K outputs of the network. W (I, O) lives in *panels* of `panel` columns,
// each (I + 1) rows, the bias as last row; the last panel is half as wide where half suffices. For the backward product W^T lives
// in panels too, over I, each O rows. Activations and deltas live in *blocks* of `panel` columns: rows of a block follow each other, so
// that all three products read consecutive cache lines; `block` is the distance between two blocks of the same matrix.
#pragma once

#include <cstddef>
#include <cstdint>

namespace chainrule {

// In the order of the tables in engines/description.py. `stored`: the slopes are kept instead of being computed from the outputs.
enum class Act : int {
    identity, logistic, tanh, relu, exp, softmax, step, leaky_relu, elu, selu, gelu, softplus, silu, mish, ordered, stored
};
enum class Loss : int { squared_error, log_loss, poisson, mse, absolute_error, huber, quantile, hinge, perceptron };
// gradient: only write it out; frozen: leave everything as it is.
enum class Solver : int { gradient, sgd, adam, adagrad, adadelta, rmsprop, frozen };

// Whether the slope follows from the output, which is kept anyway.
static constexpr bool slope_from_output(Act act) {
    return act != Act::gelu && act != Act::softplus && act != Act::silu && act != Act::mish;
}

constexpr int most_levels = 32;
struct LossParameters {
    double delta;      // of huber
    double smoothing;  // of labels, for log_loss
    int levels;        // of quantile
    double level[most_levels];
};

// Outputs [first, first + units) with an activation and a loss of their own. A plain network has one head.
template <class T> struct Head {
    Act act;
    Loss loss;
    int first, units;
    T weight;
    LossParameters parameters;
};

// Rows of a batch times one panel: out (N, width) = in (N, depth) * weights (depth, width) + bias.
template <class T> struct Product {
    const T* in;  // its first block, at the first row
    std::ptrdiff_t in_block;
    int rows, depth;
    const T* weights;
    std::ptrdiff_t ld_weights;
    const T* bias;  // null: start at zero
    T* out;         // the panel's block, at the first row
    int vectors;    // width of the panel in vectors, 1 or 2
};

// Rows of a sparse matrix (CSR), `order` picks them; null: rows first, first + 1, ...
template <class T> struct SparseRows {
    const std::int64_t* indptr;
    const std::int32_t* indices;
    const T* values;
    const std::int64_t* order;
    std::int64_t first;
};

template <class T> struct Output {
    T* scores;  // in: z; out: w * dl/dz
    std::ptrdiff_t block;
    int rows, outputs;
    const T* targets;           // (n, target_columns)
    const T* weights;           // (n,) or null
    const std::int64_t* order;  // rows of targets and weights
    T* row_loss;                // w * l
    T* scratch;                 // 4 * outputs * lanes
    const Head<T>* heads;
    int n_heads;
    int target_columns;  // of `targets`: one for quantile losses of several levels, else `outputs`
};

template <class T> struct Step {
    Solver solver;
    T rate, alpha, scale;  // scale = 1 / S
    T momentum, one_minus, second, one_minus_second, epsilon;  // momentum: also beta_1; second: also rho and decay_rate
    bool nesterov;
    bool norms;     // also sum up squared gradient and change
    T keep;         // 1 - rate * decoupled weight decay
    T l1;           // the penalty
    T pace;         // how far a constant gradient of 1 goes with its velocity (for rmsprop, before the division)
    T clip;         // most magnitude of a gradient's component
    bool extra;     // keep, l1 or clip is in use
    bool absolute;  // also sum up |w|
};

// One vector of parameters that are no weights: gamma and beta of batch normalisation.
template <class T> struct Parameters {
    const T* sums;  // of the gradient, not yet divided by S
    T *values, *state0, *state1, *gradient;
    std::ptrdiff_t n;  // a multiple of `lanes`
    const Step<T>* step;
    double* out;  // += sum g^2, sum (change)^2
};

// A panel of one layer's linear outputs under batch normalisation; all vectors are `vectors` wide.
template <class T> struct Normalization {
    T* rows;   // forward: x W, then z; backward: dl/dz, then dl/d(x W)
    T* z_hat;  // its block
    int n_rows, vectors;
    const T* share;  // (n_rows,): weight of each row over their sum
    T *mean, *variance;  // of the batch
    const T *gamma, *beta;
    T *sum_delta, *sum_delta_z_hat;
    T epsilon;
    bool frozen;  // mean and variance are constants: rows do not act through them
};

// Rows [begin, end) of one panel: gradient over the batch, then the solver's step at once.
template <class T> struct Stripe {
    const T* in;  // (N, I + 1) in blocks, the last column is 1
    std::ptrdiff_t in_block;
    const T* delta;  // the panel's block
    int rows;
    const std::int32_t* column_start;  // sparse input by column (I + 1 entries), or null
    const std::int32_t* column_row;
    const T* column_value;
    int begin, end, inputs, vectors;
    T *weights, *state0, *state1, *gradient;  // the panel, row 0
    T* transposed;                            // the layer's W^T panels, or null
    std::ptrdiff_t transposed_panel;          // distance between W^T panels = panel * O
    int first_output, outputs;                // the panel's first column, and how many of its columns are real
    bool resume, finish;                      // start from / leave a partial sum in `gradient`
    bool ready;                               // `gradient` holds the whole gradient already
    bool distant;                             // the solver's operands are not in the nearer caches
    const Step<T>* step;
    double* sums;  // [4]: sum W^2 after the step, sum g^2, sum (change)^2, sum |W| after the step
};
constexpr int sums_per_stripe = 4;

template <class T> struct Kernels {
    int lanes, panel, stripe;
    void (*gather)(const T* X, int units, const std::int64_t* order, int n_rows, T* rows, std::ptrdiff_t block);
    void (*forward)(const Product<T>&, T floor);
    void (*forward_sparse)(const Product<T>&, const SparseRows<T>&, T floor);
    void (*backward)(const Product<T>&, Act, const T* a);  // times the slope at the outputs `a` (or `a` itself: stored), a block
    // Columns first...first + units in place; `first` is 0 unless the columns are a head's.
    void (*activate)(Act, T* rows, std::ptrdiff_t block, int n_rows, int first, int units, T* scratch);
    void (*activate_slope)(Act, T* rows, T* slopes, std::ptrdiff_t block, int n_rows, int units);
    // Columns [0, units) of rows (and slopes, unless null) times 0 or `scale`, by the rows' keys.
    void (*drop)(T* rows, T* slopes, std::ptrdiff_t block, int n_rows, int units, const std::uint32_t* keys, std::uint32_t least, T scale);
    void (*moments)(const Normalization<T>&);
    void (*normalize)(const Normalization<T>&);
    void (*normalized_sums)(const Normalization<T>&);
    void (*normalize_back)(const Normalization<T>&);
    void (*output)(const Output<T>&);
    void (*stripe_step)(const Stripe<T>&);
    void (*vector_step)(const Parameters<T>&);
    // Scales columns of a panel (inputs rows) that are longer than `limit`.
    void (*limit_norms)(T* weights, int inputs, int vectors, T limit);
    void (*weight_sums)(const T* w, std::ptrdiff_t n, double* squares, double* absolutes);  // absolutes may be null
    void (*write_transposed)(const Stripe<T>&);
};

struct KernelSet {
    const char* name;
    const Kernels<float>* single;
    const Kernels<double>* full;
};

}  // namespace chainrule

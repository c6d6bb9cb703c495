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

enum class Act : int { identity, logistic, tanh, relu, exp, softmax };
enum class Loss : int { squared_error, log_loss, poisson };
enum class Solver : int { gradient, sgd, adam };  // gradient: only write it out

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
    const T* targets;           // (n, K)
    const T* weights;           // (n,) or null
    const std::int64_t* order;  // rows of targets and weights
    T* row_loss;                // w * l
    T* scratch;                 // 4 * outputs * lanes
    Act act;
    Loss loss;
};

template <class T> struct Step {
    Solver solver;
    T rate, alpha, scale;  // scale = 1 / S
    T momentum, one_minus, second, one_minus_second, epsilon;  // momentum: also beta_1
    bool nesterov;
    bool norms;  // also sum up squared gradient and change
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
    bool distant;                             // the solver's operands are not in the nearer caches
    const Step<T>* step;
    double* sums;  // [3]: sum W^2 after the step, sum g^2, sum (change)^2
};

template <class T> struct Kernels {
    int lanes, panel, stripe;
    void (*gather)(const T* X, int units, const std::int64_t* order, int n_rows, T* rows, std::ptrdiff_t block);
    void (*forward)(const Product<T>&, T floor);
    void (*forward_sparse)(const Product<T>&, const SparseRows<T>&, T floor);
    void (*backward)(const Product<T>&, Act, const T* a);  // times the slope at the outputs `a`, a block
    void (*activate)(Act, T* rows, std::ptrdiff_t block, int n_rows, int units, T* scratch);
    void (*output)(const Output<T>&);
    void (*stripe_step)(const Stripe<T>&);
    double (*squares)(const T* w, std::ptrdiff_t n);
    void (*write_transposed)(const Stripe<T>&);
};

struct KernelSet {
    const char* name;
    const Kernels<float>* single;
    const Kernels<double>* full;
};

}  // namespace chainrule

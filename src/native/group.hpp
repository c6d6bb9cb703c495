// Several epochs in one go, for trainings that nobody watches: permutations, stopping rule and records without Python in between.
#pragma once

#include <cstdint>

#include "trainer.hpp"

namespace chainrule {

// NumPy's interface to a source of random numbers (numpy/random/bitgen.h), as its bit generators' `capsule` holds it.
struct BitGenerator {
    void* state;
    std::uint64_t (*next_uint64)(void*);
    std::uint32_t (*next_uint32)(void*);
    double (*next_double)(void*);
    std::uint64_t (*next_raw)(void*);
};

// Epochs without improvement so far, and the best value so far: `Patience` in chainrule/training/records.py.
struct Patience {
    double count, best;

    // After an epoch that reached `value`; the same comparisons of the same doubles as Python's. Whether it is the best.
    bool see(double value, double tol) {
        const bool better = value > best;
        count = value >= best + tol ? 0 : count + 1;
        if (better) best = value;
        return better;
    }
};

// Columns of `Group::table` before the norms.
constexpr int told_columns = 4;

struct Group {
    std::int64_t* order;  // (rows,), permuted in place before each epoch if there is a stream
    std::int64_t rows;
    BitGenerator* stream;    // null: the order stays
    const double* rates;     // of each step of the first epoch
    std::int64_t rates_step;  // from one epoch's rates to the next one's; 0: all have the same
    int batch;
    std::int64_t most;  // epochs
    double tol, patience;  // the group ends with the first epoch that leaves more than `patience` in a row without improvement
    double seconds;        // after which no other epoch is begun
    double* table;         // out: loss, rows, seconds, whether no earlier one was better, gradient and update norms of each epoch
};

// Runs until the group is done, or until there is something to decide: an epoch whose numbers are not finite, too many epochs without
// improvement, an interruption. Returns the number of whole epochs.
template <class T> std::int64_t run_group(Trainer<T>& trainer, const Data<T>& data, const Group& group, Patience& patience, Watcher& watcher);

}  // namespace chainrule

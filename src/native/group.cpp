#include "group.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace chainrule {

namespace {

using Seconds = std::chrono::duration<double>;

// A whole number from 0 to `most`: random bits under the smallest sufficient mask until they fit (numpy.random's `random_interval`).
std::uint64_t draw(const BitGenerator& stream, std::uint64_t most) {
    std::uint64_t mask = most;
    for (int shift = 1; shift < 64; shift *= 2) mask |= mask >> shift;
    while (true) {
        const std::uint64_t bits = most <= 0xffffffffu ? stream.next_uint32(stream.state) : stream.next_uint64(stream.state);
        if ((bits & mask) <= most) return bits & mask;
    }
}

// Fisher and Yates from the last place down: the draws, and the order, of numpy.random.RandomState.shuffle.
void shuffle(std::int64_t* order, std::int64_t n, const BitGenerator& stream) {
    for (std::int64_t i = n - 1; i > 0; --i) std::swap(order[i], order[draw(stream, std::uint64_t(i))]);
}

double* append(double* row, const std::vector<double>& values) { return std::copy(values.begin(), values.end(), row); }

}  // namespace

template <class T>
std::int64_t run_group(Trainer<T>& trainer, const Data<T>& data, const Group& group, Patience& patience, Watcher& watcher) {
    const Watcher::Clock::time_point start = Watcher::Clock::now();
    Watcher::Clock::time_point before = start;
    double* row = group.table;
    EpochSums sums;
    for (std::int64_t epoch = 0; epoch < group.most; ++epoch) {
        if (group.stream) shuffle(group.order, group.rows, *group.stream);
        trainer.epoch(data, group.order, group.rows, group.rates + epoch * group.rates_step, group.batch, watcher, sums);
        if (sums.interrupted) return epoch;
        const double loss = sums.rows ? sums.loss / double(sums.rows) : 0;
        const Watcher::Clock::time_point now = Watcher::Clock::now();
        *row++ = loss;
        *row++ = double(sums.rows);
        *row++ = Seconds(now - std::exchange(before, now)).count();
        row = append(append(row, sums.gradient_norms), sums.update_norms);
        const double updates = std::accumulate(sums.update_norms.begin(), sums.update_norms.end(), 0.0);
        if (!std::isfinite(loss) || !std::isfinite(updates)) return epoch + 1;
        patience.see(-loss, group.tol);
        const bool over = patience.count > group.patience || Seconds(now - start).count() > group.seconds;
        if (over || watcher.ask()) return epoch + 1;
    }
    return group.most;
}

template std::int64_t run_group(Trainer<float>&, const Data<float>&, const Group&, Patience&, Watcher&);
template std::int64_t run_group(Trainer<double>&, const Data<double>&, const Group&, Patience&, Watcher&);

}  // namespace chainrule

#include "group.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

namespace chainrule {

namespace {

using Seconds = std::chrono::duration<double>;

// Fisher and Yates from the last place down: the draws, and the order, of numpy.random.RandomState.shuffle. A place is drawn as random
// bits under the smallest mask that reaches it, anew until they do not lie beyond it: which happens so often, and so irregularly, that
// a swap with itself is quicker than a branch.
void shuffle(std::int64_t* order, std::int64_t n, const BitGenerator& stream) {
    if (n < 2) return;
    std::uint64_t mask = std::uint64_t(n - 1);
    for (int shift = 1; shift < 64; shift *= 2) mask |= mask >> shift;
    for (std::uint64_t i = std::uint64_t(n - 1); mask > 0; mask >>= 1)
        while (i > mask >> 1) {
            const std::uint64_t drawn = mask & stream.next_uint32(stream.state);
            const bool taken = drawn <= i;
            std::swap(order[i], order[taken ? drawn : i]);
            i -= taken;
        }
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
        double& better = *row++ = 0;
        row = append(append(row, sums.gradient_norms), sums.update_norms);
        const double updates = std::accumulate(sums.update_norms.begin(), sums.update_norms.end(), 0.0);
        if (!std::isfinite(loss) || !std::isfinite(updates)) return epoch + 1;
        better = patience.see(-loss, group.tol);
        const bool over = patience.count > group.patience || Seconds(now - start).count() > group.seconds;
        if (over || watcher.ask()) return epoch + 1;
    }
    return group.most;
}

template std::int64_t run_group(Trainer<float>&, const Data<float>&, const Group&, Patience&, Watcher&);
template std::int64_t run_group(Trainer<double>&, const Data<double>&, const Group&, Patience&, Watcher&);

}  // namespace chainrule

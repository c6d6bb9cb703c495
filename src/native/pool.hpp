// A small thread pool that belongs to one training: no globals, no OpenMP. Workers watch for work for some tens of microseconds
// between two jobs, then sleep. The caller never waits for a worker that has not begun a task, so a busy machine costs speed but
// never stalls a job. A pool is never used across a fork: the child makes its own.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

namespace chainrule {

class Pool {
   public:
    // At most this many threads, however many are asked for.
    static constexpr int most = 256;

    explicit Pool(int threads) : threads_(threads < 1 ? 1 : threads > most ? most : threads) {}
    ~Pool();
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    int threads() const { return threads_; }

    // Calls job(task, thread) for every task in [0, tasks), shared with the workers if `threads` > 1, and waits for all of them.
    template <class F> void run(int tasks, int threads, F&& job) {
        if (threads <= 1 || threads_ <= 1 || tasks <= 1) {
            for (int task = 0; task < tasks; ++task) job(task, 0);
            return;
        }
        run_shared(tasks, [](void* context, int task, int thread) { (*static_cast<F*>(context))(task, thread); }, &job);
    }

   private:
    using Call = void (*)(void*, int, int);
    // Two jobs' worth: while a worker still looks at one, the next is written to the other.
    struct Job {
        std::atomic<int> tasks{0};
        std::atomic<Call> call{nullptr};
        std::atomic<void*> context{nullptr};
    };

    void run_shared(int tasks, Call call, void* context);
    void work(int thread);
    bool take_task(int thread);

    int threads_;
    std::vector<std::thread> workers_;
    std::mutex mutex_;
    std::condition_variable wake_;
    Job jobs_[2];
    // Number of the job (upper half) and its next task (lower half): a task is claimed by an exchange that fails if either changed.
    std::atomic<std::uint64_t> ticket_{0};
    std::atomic<int> done_{0}, sleeping_{0};
    std::atomic<bool> stop_{false};
};

// Flushes denormal numbers to zero on this thread while it lives: moments of idle units otherwise decay into them and stay there.
class FlushDenormals {
   public:
    FlushDenormals();
    ~FlushDenormals();

   private:
    unsigned long long saved_;
};

}  // namespace chainrule

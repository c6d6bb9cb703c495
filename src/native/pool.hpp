// A small thread pool that belongs to one training: no globals, no OpenMP. Workers watch for work for some tens of microseconds
// between two jobs, then sleep. The caller never waits for a worker that has not begun a task, so a busy machine costs speed but
// never stalls a job.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace chainrule {

class Pool {
   public:
    // At most this many threads, however many are asked for.
    static constexpr int most = 256;

    explicit Pool(int threads);
    ~Pool();
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    int threads() const { return threads_; }

    // To be called before the first of many runs: in a process forked since, the workers are gone and others are made.
    void after_fork();

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
    struct Crew;  // the workers and what they share

    void run_shared(int tasks, Call call, void* context);

    int threads_;
    long process_;
    std::unique_ptr<Crew> crew_;
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

// A small thread pool that belongs to one training: no globals, no OpenMP. Workers spin for some tens of microseconds between two
// jobs, then sleep. A pool is never used across a fork: the child makes its own.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

namespace chainrule {

class Pool {
   public:
    explicit Pool(int threads) : threads_(threads < 1 ? 1 : threads) {}
    ~Pool();
    Pool(const Pool&) = delete;
    Pool& operator=(const Pool&) = delete;

    int threads() const { return threads_; }

    // Calls job(task, thread) for every task in [0, tasks) on up to `threads` threads and waits for all of them.
    template <class F> void run(int tasks, int threads, F&& job) {
        if (threads <= 1 || threads_ <= 1 || tasks <= 1) {
            for (int task = 0; task < tasks; ++task) job(task, 0);
            return;
        }
        run_shared(tasks, [](void* context, int task, int thread) { (*static_cast<F*>(context))(task, thread); }, &job);
    }

   private:
    using Call = void (*)(void*, int, int);
    void run_shared(int tasks, Call call, void* context);
    void start();
    void work(int thread);
    void take_tasks(int thread);

    int threads_;
    std::vector<std::thread> workers_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::atomic<unsigned> generation_{0};
    std::atomic<int> sleeping_{0}, busy_{0}, next_{0};
    std::atomic<bool> stop_{false};
    int tasks_ = 0;
    Call call_ = nullptr;
    void* context_ = nullptr;
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

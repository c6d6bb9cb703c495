#include "pool.hpp"

#include <algorithm>
#include <chrono>
#include <system_error>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace chainrule {

namespace {

// Watches for `done()` for about `patience` microseconds; false if it ran out. There is no PAUSE instruction in the loop: on virtual
// machines many of them in a row trap to the hypervisor, which made two threads several times slower than one. After a first burst
// the thread yields between looks, so that it does not keep a thread with work off its processor.
template <class F> bool watch(int patience, F&& done) {
    using Clock = std::chrono::steady_clock;
    for (int i = 0; i < 2000; ++i)
        if (done()) return true;
    const Clock::time_point end = Clock::now() + std::chrono::microseconds(patience);
    while (Clock::now() < end) {
        for (int i = 0; i < 200; ++i)
            if (done()) return true;
        std::this_thread::yield();
    }
    return false;
}

std::uint32_t job_of(std::uint64_t ticket) { return std::uint32_t(ticket >> 32); }

}  // namespace

Pool::~Pool() {
    {
        std::lock_guard<std::mutex> lock(mutex_);
        stop_ = true;
    }
    wake_.notify_all();
    for (std::thread& worker : workers_) worker.join();
}

// Claims one task of the present job and does it; false if there is none left.
bool Pool::take_task(int thread) {
    std::uint64_t ticket = ticket_.load(std::memory_order_acquire);
    while (true) {
        const Job& job = jobs_[job_of(ticket) % 2];
        const int task = int(std::uint32_t(ticket)), tasks = job.tasks.load(std::memory_order_relaxed);
        const Call call = job.call.load(std::memory_order_relaxed);
        void* context = job.context.load(std::memory_order_relaxed);
        if (task >= tasks) return false;
        // If the exchange succeeds, the job is still the present one and what was read belongs to it.
        if (!ticket_.compare_exchange_weak(ticket, ticket + 1, std::memory_order_acq_rel)) continue;
        call(context, task, thread);
        done_.fetch_add(1, std::memory_order_release);
        return true;
    }
}

void Pool::run_shared(int tasks, Call call, void* context) {
    try {
        const int useful = std::min(threads_, tasks);
        for (int thread = int(workers_.size()) + 1; thread < useful; ++thread)
            workers_.emplace_back([this, thread] { work(thread); });
    } catch (const std::system_error&) {
        threads_ = int(workers_.size()) + 1;  // the system grants no more threads: the work goes on with those there are
    }
    const std::uint32_t number = job_of(ticket_.load(std::memory_order_relaxed)) + 1;
    Job& job = jobs_[number % 2];
    job.tasks.store(tasks, std::memory_order_relaxed);
    job.call.store(call, std::memory_order_relaxed);
    job.context.store(context, std::memory_order_relaxed);
    done_.store(0, std::memory_order_relaxed);
    ticket_.store(std::uint64_t(number) << 32);  // sequentially consistent: a worker about to sleep sees it, or is seen
    if (sleeping_.load() > 0) {
        std::lock_guard<std::mutex> lock(mutex_);
        wake_.notify_all();
    }
    while (take_task(0)) continue;
    const auto finished = [&] { return done_.load(std::memory_order_acquire) == tasks; };
    while (!watch(1000, finished)) continue;
}

void Pool::work(int thread) {
    FlushDenormals flush;
    std::uint32_t seen = 0;
    while (!stop_.load(std::memory_order_relaxed)) {
        const auto changed = [&] { return job_of(ticket_.load()) != seen || stop_.load(std::memory_order_relaxed); };
        if (!watch(50, changed)) {
            std::unique_lock<std::mutex> lock(mutex_);
            ++sleeping_;
            wake_.wait(lock, changed);
            --sleeping_;
        }
        seen = job_of(ticket_.load());
        while (take_task(thread)) continue;
    }
}

#if defined(__x86_64__)
FlushDenormals::FlushDenormals() : saved_(_mm_getcsr()) { _mm_setcsr(unsigned(saved_) | 0x8040u); }
FlushDenormals::~FlushDenormals() { _mm_setcsr(unsigned(saved_)); }
#elif defined(__aarch64__)
FlushDenormals::FlushDenormals() {
    asm volatile("mrs %0, fpcr" : "=r"(saved_));
    asm volatile("msr fpcr, %0" : : "r"(saved_ | (1ull << 24)));
}
FlushDenormals::~FlushDenormals() { asm volatile("msr fpcr, %0" : : "r"(saved_)); }
#else
FlushDenormals::FlushDenormals() : saved_(0) {}
FlushDenormals::~FlushDenormals() {}
#endif

}  // namespace chainrule

#include "pool.hpp"

#include <chrono>

#if defined(__x86_64__)
#include <xmmintrin.h>
#endif

namespace chainrule {

namespace {

void pause() {
#if defined(__x86_64__)
    asm volatile("" ::: "memory");
#elif defined(__aarch64__)
    asm volatile("yield");
#endif
}

// Spins until `done()`, for about 50 microseconds; false if it ran out of patience.
template <class F> bool spin(F&& done) {
    using Clock = std::chrono::steady_clock;
    const Clock::time_point end = Clock::now() + std::chrono::microseconds(50);
    do {
        for (int i = 0; i < 64; ++i) {
            if (done()) return true;
            pause();
        }
    } while (Clock::now() < end);
    return false;
}

}  // namespace

Pool::~Pool() {
    {
        std::lock_guard<std::mutex> lock(mutex_);
        stop_ = true;
        ++generation_;
    }
    wake_.notify_all();
    for (std::thread& worker : workers_) worker.join();
}

void Pool::start() {
    for (int thread = 1; thread < threads_; ++thread) workers_.emplace_back([this, thread] { work(thread); });
}

void Pool::take_tasks(int thread) {
    for (int task; (task = next_.fetch_add(1, std::memory_order_relaxed)) < tasks_;) call_(context_, task, thread);
}

void Pool::run_shared(int tasks, Call call, void* context) {
    if (workers_.empty()) start();
    tasks_ = tasks;
    call_ = call;
    context_ = context;
    next_.store(0, std::memory_order_relaxed);
    busy_.store(threads_ - 1, std::memory_order_relaxed);
    generation_.fetch_add(1);  // sequentially consistent against `sleeping_`: a worker about to sleep sees it or is seen
    if (sleeping_.load() > 0) {
        std::lock_guard<std::mutex> lock(mutex_);
        wake_.notify_all();
    }
    take_tasks(0);
    const auto done = [this] { return busy_.load(std::memory_order_acquire) == 0; };
    while (!spin(done)) std::this_thread::yield();
}

void Pool::work(int thread) {
    FlushDenormals flush;
    unsigned seen = 0;
    while (true) {
        const auto changed = [&] { return generation_.load(std::memory_order_acquire) != seen; };
        if (!spin(changed)) {
            std::unique_lock<std::mutex> lock(mutex_);
            ++sleeping_;
            wake_.wait(lock, [&] { return generation_.load() != seen; });
            --sleeping_;
        }
        ++seen;
        if (stop_) return;
        take_tasks(thread);
        busy_.fetch_sub(1, std::memory_order_release);
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

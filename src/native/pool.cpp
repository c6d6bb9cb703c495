#include "pool.hpp"

#include <unistd.h>

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

struct Pool::Crew {
    // Two jobs' worth: while a worker still looks at one, the next is written to the other.
    struct Job {
        std::atomic<int> tasks{0};
        std::atomic<Call> call{nullptr};
        std::atomic<void*> context{nullptr};
    };

    ~Crew();
    void grow(int workers);
    bool take_task(int thread);
    void work(int thread);

    Job jobs[2];
    // Number of the job (upper half) and its next task (lower half): a task is claimed by an exchange that fails if either changed.
    std::atomic<std::uint64_t> ticket{0};
    std::atomic<int> done{0}, sleeping{0};
    std::atomic<bool> stop{false};
    std::mutex mutex;
    std::condition_variable wake;
    std::vector<std::thread> workers;
};

Pool::Crew::~Crew() {
    {
        std::lock_guard<std::mutex> lock(mutex);
        stop = true;
    }
    wake.notify_all();
    for (std::thread& worker : workers) worker.join();
}

void Pool::Crew::grow(int wanted) {
    while (int(workers.size()) < wanted) {
        const int thread = int(workers.size()) + 1;
        workers.emplace_back([this, thread] { work(thread); });
    }
}

// Claims one task of the present job and does it; false if there is none left.
bool Pool::Crew::take_task(int thread) {
    std::uint64_t seen = ticket.load(std::memory_order_acquire);
    while (true) {
        const Job& job = jobs[job_of(seen) % 2];
        const int task = int(std::uint32_t(seen)), tasks = job.tasks.load(std::memory_order_relaxed);
        const Call call = job.call.load(std::memory_order_relaxed);
        void* context = job.context.load(std::memory_order_relaxed);
        if (task >= tasks) return false;
        // If the exchange succeeds, job number n is still the present one. What was read then belongs to it: the slot is written again
        // only for job n + 2, after job n has ended, and the ticket has moved on by then.
        if (!ticket.compare_exchange_weak(seen, seen + 1, std::memory_order_acq_rel)) continue;
        call(context, task, thread);
        done.fetch_add(1, std::memory_order_release);
        return true;
    }
}

void Pool::Crew::work(int thread) {
    FlushDenormals flush;
    std::uint32_t seen = 0;
    while (!stop.load(std::memory_order_relaxed)) {
        const auto changed = [&] { return job_of(ticket.load()) != seen || stop.load(std::memory_order_relaxed); };
        if (!watch(50, changed)) {
            std::unique_lock<std::mutex> lock(mutex);
            ++sleeping;
            wake.wait(lock, changed);
            --sleeping;
        }
        seen = job_of(ticket.load());
        while (take_task(thread)) continue;
    }
}

Pool::Pool(int threads)
    : threads_(threads < 1 ? 1 : threads > most ? most : threads), process_(long(getpid())), crew_(new Crew) {}

Pool::~Pool() { after_fork(); }

void Pool::after_fork() {
    if (process_ == long(getpid())) return;
    // The workers stayed in the parent, perhaps holding the lock: what they shared is given up, not destroyed.
    static_cast<void>(crew_.release());
    crew_.reset(new Crew);
    process_ = long(getpid());
}

void Pool::run_shared(int tasks, Call call, void* context) {
    Crew& crew = *crew_;
    try {
        crew.grow(std::min(threads_, tasks) - 1);
    } catch (const std::system_error&) {
        threads_ = int(crew.workers.size()) + 1;  // the system grants no more threads: the work goes on with those there are
    }
    const std::uint32_t number = job_of(crew.ticket.load(std::memory_order_relaxed)) + 1;
    Crew::Job& job = crew.jobs[number % 2];
    job.tasks.store(tasks, std::memory_order_relaxed);
    job.call.store(call, std::memory_order_relaxed);
    job.context.store(context, std::memory_order_relaxed);
    crew.done.store(0, std::memory_order_relaxed);
    crew.ticket.store(std::uint64_t(number) << 32);  // sequentially consistent: a worker about to sleep sees it, or is seen
    if (crew.sleeping.load() > 0) {
        std::lock_guard<std::mutex> lock(crew.mutex);
        crew.wake.notify_all();
    }
    while (crew.take_task(0)) continue;
    const auto finished = [&] { return crew.done.load(std::memory_order_acquire) == tasks; };
    while (!watch(1000, finished)) continue;
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

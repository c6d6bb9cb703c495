// Two loops that bound every other: fused multiply-adds that never leave the registers, and a streaming triad.
#include <cstddef>

#if defined(__AVX512F__)
constexpr int kBytes = 64, kChains = 16;
#elif defined(__AVX__)
constexpr int kBytes = 32, kChains = 12;
#else
constexpr int kBytes = 16, kChains = 16;
#endif

template <class T>
static double fma_loop(long rounds) {
    typedef T vec __attribute__((vector_size(kBytes)));
    vec sums[kChains], scale, shift;
    for (int lane = 0; lane < kBytes / int(sizeof(T)); ++lane) {
        scale[lane] = T(0.999);
        shift[lane] = T(0.001);
    }
    for (int chain = 0; chain < kChains; ++chain) sums[chain] = scale * T(chain);
    for (long round = 0; round < rounds; ++round) {
#pragma GCC unroll 16
        for (int chain = 0; chain < kChains; ++chain) sums[chain] = sums[chain] * scale + shift;
    }
    double total = 0;
    for (int chain = 0; chain < kChains; ++chain) total += double(sums[chain][0]);
    return total;
}

extern "C" {
// Operations per round of the loop below, for the width compiled in.
long fma_flop(int itemsize) { return 2L * kChains * (kBytes / itemsize); }
int vector_bytes() { return kBytes; }
double fma_float(long rounds) { return fma_loop<float>(rounds); }
double fma_double(long rounds) { return fma_loop<double>(rounds); }

void triad(float* a, const float* b, const float* c, std::size_t n, long rounds) {
    for (long round = 0; round < rounds; ++round) {
        const float scale = float(round & 1) + 0.5f;
        for (std::size_t i = 0; i < n; ++i) a[i] = b[i] + scale * c[i];
        asm volatile("" ::: "memory");  // each round must really be stored
    }
}
}

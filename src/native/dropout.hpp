// Keys of dropout masks, the twin of chainrule/formulas/dropout.py. Included by portable and by instruction-set files alike: plain
// functions of internal linkage only.
#pragma once

#include <cstdint>

namespace chainrule {

constexpr std::uint32_t golden_32 = 0x9E3779B9u;
constexpr int mask_resolution = 24;

static inline std::uint64_t mix_64(std::uint64_t x) {
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
    return x ^ (x >> 31);
}
static inline std::uint32_t mix_32(std::uint32_t x) {
    x = (x ^ (x >> 16)) * 0x7FEB352Du;
    x = (x ^ (x >> 15)) * 0x846CA68Bu;
    return x ^ (x >> 16);
}
static inline std::uint64_t offset_64(std::uint64_t base, std::uint64_t number) {
    return mix_64(base + (number + 1) * 0x9E3779B97F4A7C15ull);
}
// The key of all rows of a layer (0: the inputs) in a step; a row's key is the upper half of offset_64(this, row).
static inline std::uint64_t layer_key(std::uint64_t seed, std::uint64_t step, std::uint64_t layer) {
    return offset_64(offset_64(seed, step), layer);
}
static inline std::uint32_t row_key(std::uint64_t layer, std::uint64_t row) { return std::uint32_t(offset_64(layer, row) >> 32); }
// The dropped share times 2^24, rounded to even as in Python.
static inline std::uint32_t least_kept(double rate) { return std::uint32_t(__builtin_nearbyint(rate * (1 << mask_resolution))); }
// Whether a unit is kept.
static inline bool is_kept(std::uint32_t key, std::uint32_t unit, std::uint32_t least) {
    return mix_32(key + unit * golden_32) >> (32 - mask_resolution) >= least;
}

}  // namespace chainrule

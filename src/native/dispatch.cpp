#include "dispatch.hpp"

namespace chainrule {

namespace portable {
extern const KernelSet kernels;
}
#if defined(CHAINRULE_X86)
namespace avx2 {
extern const KernelSet kernels;
}
namespace avx512 {
extern const KernelSet kernels;
}
#endif

static std::vector<const KernelSet*> supported() {
    std::vector<const KernelSet*> sets;
#if defined(CHAINRULE_X86)
    __builtin_cpu_init();
    const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
    const bool has_avx512 = has_avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
                        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
    if (has_avx512) sets.push_back(&avx512::kernels);
    if (has_avx2) sets.push_back(&avx2::kernels);
#endif
    sets.push_back(&portable::kernels);
    return sets;
}

std::vector<std::string> available_kernels() {
    std::vector<std::string> names;
    for (const KernelSet* set : supported()) names.emplace_back(set->name);
    return names;
}

const KernelSet* find_kernels(const std::string& name) {
    for (const KernelSet* set : supported())
        if (name == set->name) return set;
    return nullptr;
}

}  // namespace chainrule

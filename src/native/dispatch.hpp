// Which kernels this processor can run.
#pragma once

#include <string>
#include <vector>

#include "kernels.hpp"

namespace chainrule {

// Names of the instruction sets compiled in and supported here, fastest first.
std::vector<std::string> available_kernels();

// The kernels of that name; null if they are not compiled in or this processor lacks them.
const KernelSet* find_kernels(const std::string& name);

}  // namespace chainrule

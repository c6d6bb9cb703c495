// A stripe's place in the packed parameters; what depends on the step is left for the caller to fill in.
#pragma once

#include <algorithm>

#include "layout.hpp"

namespace chainrule {

template <class T> Stripe<T> stripe_of(const Layout& layout, const StripeTask& task, T* weights, T* transposed) {
    const Layer& layer = layout.layers[task.layer];
    Stripe<T> s{};
    s.begin = task.begin;
    s.end = task.end;
    s.inputs = layer.inputs;
    s.vectors = layout.vectors(layer.outputs, task.panel);
    s.outputs = std::min(s.vectors * layout.lanes, layer.outputs - task.panel * layout.panel);
    s.weights = weights + layout.panel_at(layer, task.panel);
    if (task.layer > 0) {
        s.transposed_panel = std::ptrdiff_t(layout.panel) * layer.outputs;
        // Rows of a W^T panel are outputs; a half-wide panel's rows are half as long.
        s.transposed = transposed + layer.transposed;
        s.first_output = task.panel * layout.panel;
    }
    return s;
}

}  // namespace chainrule

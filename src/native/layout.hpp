// Where everything is: panels of weights, rows of activations, and the list of stripes that a step shares out among threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

#include "kernels.hpp"

namespace chainrule {

constexpr std::ptrdiff_t cache_line = 64;

// Zeroed memory on a cache-line boundary.
template <class T> class Buffer {
   public:
    explicit Buffer(std::ptrdiff_t n = 0) : n_(n) {
        if (n < 0 || std::size_t(n) > std::size_t(PTRDIFF_MAX) / sizeof(T) - cache_line) throw std::bad_alloc();
        if (n == 0) return;
        const std::size_t bytes = (std::size_t(n) * sizeof(T) + cache_line - 1) / cache_line * cache_line;
        data_.reset(static_cast<T*>(std::aligned_alloc(cache_line, bytes)));
        if (!data_) throw std::bad_alloc();
        for (std::ptrdiff_t i = 0; i < n; ++i) data_[i] = T();
    }
    T* get() const { return data_.get(); }
    std::ptrdiff_t size() const { return n_; }

   private:
    struct Free {
        void operator()(T* p) const { std::free(p); }
    };
    std::unique_ptr<T[], Free> data_;
    std::ptrdiff_t n_;
};

struct NetworkShape {
    std::vector<int> widths;     // inputs, then the units of every layer
    std::vector<Act> activation;  // of every layer
    Loss loss;
    bool mean_reported;  // scikit-learn reports squared_error as the mean over outputs
};

struct Layer {
    int inputs, outputs;
    Act activation;
    std::ptrdiff_t weights;      // its first panel in the packed parameters
    std::ptrdiff_t transposed;   // its first W^T panel
    std::ptrdiff_t theta_weights, theta_bias;
};

struct StripeTask {
    int layer, panel, begin, end;
};

class Layout {
   public:
    Layout(const NetworkShape& shape, int lanes, int stripe) : lanes(lanes), panel(2 * lanes), shape(shape) {
        std::ptrdiff_t at = 0, transposed = 0, theta = 0;
        for (std::size_t k = 0; k + 1 < shape.widths.size(); ++k) {
            const int in = shape.widths[k], out = shape.widths[k + 1];
            layers.push_back({in, out, shape.activation[k], at, transposed, theta, 0});
            at += columns(out) * (in + 1);
            if (k > 0) transposed += columns(in) * out;
            theta += std::ptrdiff_t(in) * out;
            for (int p = 0; p < panels(out); ++p)
                for (int row = 0; row <= in;) {
                    // The bias row, which is row `in`, joins the last stripe.
                    const int end = row + stripe >= in ? in + 1 : row + stripe;
                    stripes.push_back({int(k), p, row, end});
                    row = end;
                }
        }
        for (Layer& layer : layers) {
            layer.theta_bias = theta;
            theta += layer.outputs;
        }
        packed = at;
        packed_transposed = transposed;
        parameters = theta;
    }

    int panels(int units) const { return (units + panel - 1) / panel; }
    int vectors(int units, int p) const { return units - p * panel > lanes ? 2 : 1; }
    // Units rounded up to whole vectors, the last panel possibly half as wide.
    std::ptrdiff_t columns(int units) const {
        const int rest = units % panel;
        return std::ptrdiff_t(units / panel) * panel + (rest == 0 ? 0 : rest > lanes ? panel : lanes);
    }
    // Blocks that hold rows of `units` values and a one.
    int blocks(int units) const { return units / panel + 1; }
    // One row out of blocks that are `block` values apart.
    template <class T> void from_blocks(const T* block_row, std::ptrdiff_t block, int units, T* row) const {
        for (; units > 0; units -= panel, row += panel, block_row += block)
            std::memcpy(row, block_row, sizeof(T) * std::size_t(units < panel ? units : panel));
    }
    std::ptrdiff_t panel_at(const Layer& layer, int p) const {
        return layer.weights + std::ptrdiff_t(p) * panel * (layer.inputs + 1);
    }

    int lanes, panel;
    NetworkShape shape;
    std::vector<Layer> layers;
    std::vector<StripeTask> stripes;
    std::ptrdiff_t packed = 0, packed_transposed = 0, parameters = 0;
};

}  // namespace chainrule

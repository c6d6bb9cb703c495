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

template <class T> using Heads = std::vector<Head<T>>;

struct NetworkShape {
    std::vector<int> widths;      // inputs, then the units of every layer
    std::vector<Act> activation;  // of every layer; the last one's is that of its heads
    std::vector<double> dropout;  // of the inputs and of every layer
    std::vector<bool> batch_norm;  // of every layer
    std::vector<Head<double>> heads;
    bool mean_reported = false;  // scikit-learn reports squared_error as the mean over outputs

    int target_columns() const {
        const bool several = heads.size() == 1 && heads[0].loss == Loss::quantile && heads[0].parameters.levels > 1;
        return several ? 1 : widths.back();
    }
    bool any_batch_norm() const {
        for (bool normalized : batch_norm)
            if (normalized) return true;
        return false;
    }
};

template <class T> Heads<T> heads_in(const NetworkShape& shape) {
    Heads<T> heads;
    for (const Head<double>& h : shape.heads) heads.push_back({h.act, h.loss, h.first, h.units, T(h.weight), h.parameters});
    return heads;
}

struct Layer {
    int inputs, outputs;
    Act activation;
    double dropout;
    bool batch_norm;
    std::ptrdiff_t weights;      // its first panel in the packed parameters
    std::ptrdiff_t transposed;   // its first W^T panel
    std::ptrdiff_t gamma, beta, mean, variance;  // in the packed parameters, if batch_norm; the bias row then stays zero
    std::ptrdiff_t theta_weights, theta_bias, theta_gamma, theta_mean, theta_variance;

    // Whether slopes are kept apart from the outputs: dropout changes those.
    bool stores_slopes() const { return dropout > 0 || !slope_from_output(activation); }
};

struct StripeTask {
    int layer, panel, begin, end;
};

class Layout {
   public:
    Layout(const NetworkShape& shape, int lanes, int stripe) : lanes(lanes), panel(2 * lanes), shape(shape) {
        std::ptrdiff_t theta = 0;
        for (std::size_t k = 0; k + 1 < shape.widths.size(); ++k) {
            Layer layer{};
            layer.inputs = shape.widths[k];
            layer.outputs = shape.widths[k + 1];
            layer.activation = shape.activation[k];
            layer.dropout = shape.dropout[k + 1];
            layer.batch_norm = shape.batch_norm[k];
            layer.theta_weights = theta;
            theta += std::ptrdiff_t(layer.inputs) * layer.outputs;
            place(layer, k > 0);
            layers.push_back(layer);
            cut(int(k), stripe);
        }
        for (Layer& layer : layers) {
            layer.theta_bias = theta;
            theta += layer.outputs;
        }
        for (std::ptrdiff_t Layer::*part : {&Layer::theta_gamma, &Layer::theta_mean, &Layer::theta_variance})
            for (Layer& layer : layers)
                if (layer.batch_norm) {
                    layer.*part = theta;
                    theta += layer.outputs;
                }
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

    // All panels of one layer and their stripes.
    struct PanelTask {
        int layer, panel, first_stripe, end_stripe;
    };

    int lanes, panel;
    NetworkShape shape;
    std::vector<Layer> layers;
    std::vector<StripeTask> stripes;
    std::vector<PanelTask> panel_tasks;
    std::ptrdiff_t packed = 0, packed_transposed = 0, parameters = 0;

   private:
    void place(Layer& layer, bool hidden_inputs) {
        layer.weights = packed;
        layer.transposed = packed_transposed;
        packed += columns(layer.outputs) * (layer.inputs + 1);
        if (hidden_inputs) packed_transposed += columns(layer.inputs) * layer.outputs;
        if (!layer.batch_norm) return;
        for (std::ptrdiff_t Layer::*part : {&Layer::gamma, &Layer::beta, &Layer::mean, &Layer::variance}) {
            layer.*part = packed;
            packed += columns(layer.outputs);
        }
    }

    void cut(int k, int stripe) {
        const Layer& layer = layers[k];
        // The bias row, which is row `inputs`, joins the last stripe.
        const int rows = layer.batch_norm ? layer.inputs : layer.inputs + 1;
        for (int p = 0; p < panels(layer.outputs); ++p) {
            const int first = int(stripes.size());
            for (int row = 0; row < rows;) {
                const int end = row + stripe >= layer.inputs ? rows : row + stripe;
                stripes.push_back({k, p, row, end});
                row = end;
            }
            panel_tasks.push_back({k, p, first, int(stripes.size())});
        }
    }
};

}  // namespace chainrule

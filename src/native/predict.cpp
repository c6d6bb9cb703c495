// Prediction from the row-major theta. Many rows: the weights are packed into panels once. Few rows: the kernels read the matrices where
// they lie and only a last, partly filled panel is copied. Either way each output is the same chain of operations.
#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>

#include "trainer.hpp"

namespace chainrule {

namespace {

constexpr std::int64_t few_rows = 16;
constexpr double shared_work = 4e6;

template <class T> struct PanelView {
    const T* weights;
    std::ptrdiff_t ld;
    const T* bias;
    int vectors;
};

template <class T> class Views {
   public:
    Views(const Layout& layout, const T* theta, bool pack_all) : packed_(pack_all ? layout.packed : tails(layout)) {
        std::ptrdiff_t at = 0;
        for (const Layer& layer : layout.layers) {
            per_layer_.emplace_back();
            for (int p = 0; p < layout.panels(layer.outputs); ++p) {
                const int vectors = layout.vectors(layer.outputs, p), width = vectors * layout.lanes, first = p * layout.panel;
                const T *weights = theta + layer.theta_weights + first, *bias = theta + layer.theta_bias + first;
                const int real = std::min(width, layer.outputs - first);
                if (!pack_all && real == width) {
                    per_layer_.back().push_back({weights, layer.outputs, bias, vectors});
                    continue;
                }
                T* to = packed_.get() + at;
                for (int row = 0; row < layer.inputs; ++row)
                    std::memcpy(to + std::ptrdiff_t(row) * width, weights + std::ptrdiff_t(row) * layer.outputs, real * sizeof(T));
                T* to_bias = to + std::ptrdiff_t(layer.inputs) * width;
                std::memcpy(to_bias, bias, real * sizeof(T));
                per_layer_.back().push_back({to, width, to_bias, vectors});
                at += std::ptrdiff_t(layer.inputs + 1) * width;
            }
        }
    }
    const std::vector<PanelView<T>>& operator[](std::size_t layer) const { return per_layer_[layer]; }

   private:
    static std::ptrdiff_t tails(const Layout& layout) {
        std::ptrdiff_t n = 0;
        for (const Layer& layer : layout.layers) n += std::ptrdiff_t(layer.inputs + 1) * layout.panel;
        return n;
    }
    Buffer<T> packed_;
    std::vector<std::vector<PanelView<T>>> per_layer_;
};

// One thread's rows on their way through the network, in blocks.
template <class T> struct Workspace {
    Workspace(const Layout& layout, int rows)
        : block(std::ptrdiff_t(rows) * layout.panel), scratch(std::ptrdiff_t(layout.lanes) * layout.layers.back().outputs) {
        int most = layout.blocks(layout.layers[0].inputs);
        for (const Layer& layer : layout.layers) most = std::max(most, layout.blocks(layer.outputs));
        for (Buffer<T>& buffer : rows_of) buffer = Buffer<T>(most * block);
    }
    std::ptrdiff_t block;
    Buffer<T> rows_of[2], scratch;
};

template <class T>
void predict_block(const Layout& layout, const Kernels<T>& kernels, const Views<T>& views, const Data<T>& data, std::int64_t begin,
                   int rows, Workspace<T>& space, T* out, const Heads<T>& heads) {
    T *in = space.rows_of[0].get(), *to = space.rows_of[1].get();
    const int inputs = layout.layers[0].inputs, outputs = layout.layers.back().outputs;
    if (data.dense) kernels.gather(data.dense + begin * inputs, inputs, nullptr, rows, in, space.block);
    for (std::size_t k = 0; k < layout.layers.size(); ++k, std::swap(in, to)) {
        const Layer& layer = layout.layers[k];
        const bool sparse = k == 0 && data.dense == nullptr, relu = k + 1 < layout.layers.size() && layer.activation == Act::relu;
        const T floor = relu ? T(0) : -std::numeric_limits<T>::infinity();
        for (std::size_t p = 0; p < views[k].size(); ++p) {
            const PanelView<T>& view = views[k][p];
            const Product<T> product = {in, space.block, rows, layer.inputs, view.weights, view.ld, view.bias, to + p * space.block,
                                        view.vectors};
            if (sparse) kernels.forward_sparse(product, {data.indptr, data.indices, data.values, nullptr, begin}, floor);
            else kernels.forward(product, floor);
        }
        if (k + 1 == layout.layers.size())
            for (const Head<T>& head : heads)
                kernels.activate(head.act, to, space.block, rows, head.first, head.units, space.scratch.get());
        else if (!relu) kernels.activate(layer.activation, to, space.block, rows, 0, layer.outputs, space.scratch.get());
    }
    for (int r = 0; r < rows; ++r) layout.from_blocks(in + r * layout.panel, space.block, outputs, out + (begin + r) * outputs);
}

}  // namespace

template <class T>
void predict(const NetworkShape& shape, const Kernels<T>& kernels, const T* theta, const Data<T>& data, T* out, int threads, Pool* workers) {
    FlushDenormals flush;
    const Layout layout(shape, kernels.lanes, kernels.stripe);
    const Heads<T> heads = heads_in<T>(shape);
    const Views<T> views(layout, theta, data.rows > few_rows);
    const int blocks = int((data.rows + block_rows - 1) / block_rows);
    if (double(layout.parameters) * double(data.rows) < shared_work) threads = 1;
    threads = std::max(1, std::min({threads, blocks, Pool::most}));
    std::optional<Pool> own;
    if (threads == 1 || workers == nullptr) workers = &own.emplace(threads);
    workers->after_fork();
    std::vector<Workspace<T>> spaces;
    // Any worker of the pool may take a task, also one that an earlier prediction of more blocks was the first to need.
    for (int thread = 0; thread < workers->threads(); ++thread)
        spaces.emplace_back(layout, int(std::min<std::int64_t>(block_rows, data.rows)));
    workers->run(blocks, threads, [&](int block, int thread) {
        const std::int64_t begin = std::int64_t(block) * block_rows;
        const int rows = int(std::min<std::int64_t>(block_rows, data.rows - begin));
        predict_block(layout, kernels, views, data, begin, rows, spaces[thread], out, heads);
    });
}

template void predict<float>(const NetworkShape&, const Kernels<float>&, const float*, const Data<float>&, float*, int, Pool*);
template void predict<double>(const NetworkShape&, const Kernels<double>&, const double*, const Data<double>&, double*, int, Pool*);

}  // namespace chainrule

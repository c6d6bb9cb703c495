// A chunk of a batch through the network, forward and backward. Rows are independent, so every thread takes blocks of rows through
// all layers; only batch normalisation makes them wait for each other, once per layer and direction.
#include <algorithm>
#include <limits>
#include <stdexcept>

#include "dropout.hpp"
#include "trainer.hpp"

namespace chainrule {

// Calls f(begin, end, thread) for blocks of rows, shared out among the threads.
template <class T> template <class F> void Trainer<T>::for_rows(int rows, F&& f) {
    const int threads = useful_threads(rows), blocks = (rows + threads * block_rows - 1) / (threads * block_rows) * threads;
    pool_.run(blocks, threads, [&](int block, int thread) {
        const int begin = int(std::int64_t(rows) * block / blocks), end = int(std::int64_t(rows) * (block + 1) / blocks);
        if (begin < end) f(begin, end, thread);
    });
}

template <class T> void Trainer<T>::pass(const Chunk& chunk) {
    const int depth = int(layout_.layers.size());
    if (share_.size()) share_weights(chunk);
    if (sparse_ && layout_.shape.dropout[0] > 0) mask_sparse(chunk);
    for_rows(chunk.rows, [&](int begin, int end, int thread) {
        gather(chunk, begin, end, thread);
        forward_from(chunk, 0, begin, end, thread);
    });
    for (int k = 0; k < depth; ++k) {
        if (!layout_.layers[k].batch_norm) continue;
        if (uses_running(k)) recall_statistics(k);
        else for_panels(k, k_.moments, chunk.rows);
        for_rows(chunk.rows, [&](int begin, int end, int thread) {
            for (int p = 0; p < layout_.panels(layout_.layers[k].outputs); ++p) k_.normalize(normalization(k, p, begin, end - begin));
            finish_layer(k, chunk, begin, end, thread);
            forward_from(chunk, k + 1, begin, end, thread);
        });
    }
    for (int k = depth - 1; k >= 0; --k) {
        if (!layout_.layers[k].batch_norm) continue;
        for_panels(k, k_.normalized_sums, chunk.rows);
        for_rows(chunk.rows, [&](int begin, int end, int) {
            for (int p = 0; p < layout_.panels(layout_.layers[k].outputs); ++p) {
                Normalization<T> n = normalization(k, p, begin, end - begin);
                n.rows = delta_[k].get() + p * block_ + std::ptrdiff_t(begin) * layout_.panel;
                k_.normalize_back(n);
            }
            backward_from(k, begin, end);
        });
    }
    if (sparse_) sort_columns(sparse_rows(chunk), chunk.rows);
}

// From the inputs of layer k forward to the next layer with batch normalisation, or to the end and back again.
template <class T> void Trainer<T>::forward_from(const Chunk& chunk, int k, int begin, int end, int thread) {
    const int depth = int(layout_.layers.size());
    for (; k < depth; ++k) {
        forward_layer(chunk, k, begin, end);
        if (layout_.layers[k].batch_norm) return;
        if (k + 1 < depth) finish_layer(k, chunk, begin, end, thread);
    }
    T* scores = delta_.back().get() + std::ptrdiff_t(begin) * layout_.panel;
    k_.output({scores, block_, end - begin, layout_.layers.back().outputs, chunk.data.targets, chunk.data.weights, chunk.order + begin,
               row_loss_.get() + begin, scratch_.get() + thread * scratch_per_thread_, heads_.data(), int(heads_.size()),
               layout_.shape.target_columns()});
    backward_from(depth - 1, begin, end);
}

// From the delta of layer k back to the next layer with batch normalisation, or to the first.
template <class T> void Trainer<T>::backward_from(int k, int begin, int end) {
    for (; k > 0; --k) {
        backward_layer(k, begin, end);
        if (layout_.layers[k - 1].batch_norm) return;
    }
}

template <class T> void Trainer<T>::gather(const Chunk& chunk, int begin, int end, int thread) {
    if (!chunk.data.dense) return;
    T* rows = in_[0].get() + std::ptrdiff_t(begin) * layout_.panel;
    const int inputs = layout_.layers[0].inputs;
    k_.gather(chunk.data.dense, inputs, chunk.order + begin, end - begin, rows, block_);
    if (layout_.shape.dropout[0] > 0) drop(0, rows, nullptr, inputs, chunk, begin, end, thread);
}

// What layer k's units (k = 0: the inputs) keep of rows [begin, end).
template <class T>
void Trainer<T>::drop(int k, T* rows, T* slopes, int units, const Chunk& chunk, int begin, int end, int thread) {
    const double rate = layout_.shape.dropout[k];
    const std::uint64_t layer = layer_key(settings_.seed, std::uint64_t(t_), std::uint64_t(k));
    const std::uint32_t least = least_kept(rate);
    std::uint32_t* keys = keys_.get() + std::ptrdiff_t(thread) * block_rows;
    for (int at = begin; at < end; at += block_rows) {
        const int here = std::min(block_rows, end - at);
        for (int r = 0; r < here; ++r) keys[r] = row_key(layer, std::uint64_t(chunk.first + at + r));
        const std::ptrdiff_t offset = std::ptrdiff_t(at - begin) * layout_.panel;
        k_.drop(rows + offset, slopes ? slopes + offset : nullptr, block_, here, units, keys, least, T(1 / (1 - rate)));
    }
}

template <class T> void Trainer<T>::forward_layer(const Chunk& chunk, int k, int begin, int end) {
    const Layer& layer = layout_.layers[k];
    const bool last = k + 1 == int(layout_.layers.size());
    const std::ptrdiff_t at = std::ptrdiff_t(begin) * layout_.panel;
    T* out = (last ? delta_[k].get() : in_[k + 1].get()) + at;
    const bool relu = !last && layer.activation == Act::relu && !layer.stores_slopes() && !layer.batch_norm;
    const T floor = relu ? T(0) : -std::numeric_limits<T>::infinity();
    for (int p = 0; p < layout_.panels(layer.outputs); ++p) {
        const int vectors = layout_.vectors(layer.outputs, p), width = vectors * layout_.lanes;
        const T* weights = weights_.get() + layout_.panel_at(layer, p);
        const T* bias = weights + std::ptrdiff_t(layer.inputs) * width;
        const Product<T> product = {in_[k].get() + at, block_, end - begin, layer.inputs, weights, width, bias, out + p * block_,
                                    vectors};
        if (k > 0 || !sparse_) {
            k_.forward(product, floor);
            continue;
        }
        SparseRows<T> rows = sparse_rows(chunk);
        rows.first = begin;
        k_.forward_sparse(product, rows, floor);
    }
}

// From the pre-activations of a hidden layer to the next layer's inputs.
template <class T> void Trainer<T>::finish_layer(int k, const Chunk& chunk, int begin, int end, int thread) {
    const Layer& layer = layout_.layers[k];
    const std::ptrdiff_t at = std::ptrdiff_t(begin) * layout_.panel;
    T *rows = in_[k + 1].get() + at, *slopes = layer.stores_slopes() ? slope_[k].get() + at : nullptr;
    if (slopes) k_.activate_slope(layer.activation, rows, slopes, block_, end - begin, layer.outputs);
    else if (layer.activation != Act::relu || layer.batch_norm)
        k_.activate(layer.activation, rows, block_, end - begin, 0, layer.outputs, nullptr);
    if (layer.dropout > 0) drop(k + 1, rows, slopes, layer.outputs, chunk, begin, end, thread);
    set_ones(k + 1, begin, end);
}

template <class T> void Trainer<T>::backward_layer(int k, int begin, int end) {
    const Layer &layer = layout_.layers[k], &below = layout_.layers[k - 1];  // delta of layer k - 1 from that of layer k
    const std::ptrdiff_t at = std::ptrdiff_t(begin) * layout_.panel;
    const Act act = below.stores_slopes() ? Act::stored : below.activation;
    const T* known = below.stores_slopes() ? slope_[k - 1].get() : in_[k].get();
    for (int q = 0; q < layout_.panels(layer.inputs); ++q) {
        const int vectors = layout_.vectors(layer.inputs, q);
        const T* weights = transposed_.get() + layer.transposed + std::ptrdiff_t(q) * layout_.panel * layer.outputs;
        const Product<T> product = {delta_[k].get() + at, block_,  end - begin, layer.outputs, weights, vectors * layout_.lanes,
                                    nullptr, delta_[k - 1].get() + q * block_ + at, vectors};
        k_.backward(product, act, known + q * block_ + at);
    }
}

template <class T> Normalization<T> Trainer<T>::normalization(int k, int p, int begin, int rows) {
    const Layer& layer = layout_.layers[k];
    const std::ptrdiff_t at = p * block_ + std::ptrdiff_t(begin) * layout_.panel, columns = layout_.columns(layer.outputs),
                         first = std::ptrdiff_t(p) * layout_.panel;
    T* moments = moments_[k].get() + first;
    return {in_[k + 1].get() + at,
            z_hat_[k].get() + at,
            rows,
            layout_.vectors(layer.outputs, p),
            share_.get() + begin,
            moments,
            moments + columns,
            weights_.get() + layer.gamma + first,
            weights_.get() + layer.beta + first,
            moments + 2 * columns,
            moments + 3 * columns,
            T(batch_norm_epsilon),
            uses_running(k)};
}

// The running statistics in place of the batch's.
template <class T> void Trainer<T>::recall_statistics(int k) {
    const Layer& layer = layout_.layers[k];
    const std::ptrdiff_t columns = layout_.columns(layer.outputs);
    std::copy_n(weights_.get() + layer.mean, columns, moments_[k].get());
    std::copy_n(weights_.get() + layer.variance, columns, moments_[k].get() + columns);
}

// A kernel over all rows of each panel: sums in the order of the rows, each by one thread.
template <class T> void Trainer<T>::for_panels(int k, void (*kernel)(const Normalization<T>&), int rows) {
    pool_.run(layout_.panels(layout_.layers[k].outputs), useful_threads(rows), [&](int p, int) {
        Normalization<T> n = normalization(k, p, 0, rows);
        if (kernel == k_.normalized_sums) n.rows = delta_[k].get() + p * block_;
        kernel(n);
    });
}

template <class T> void Trainer<T>::share_weights(const Chunk& chunk) {
    const double sum = weight_sum(chunk.data, chunk.order, chunk.rows);
    int present = 0;
    for (int r = 0; r < chunk.rows; ++r) present += !chunk.data.weights || chunk.data.weights[chunk.order[r]] > 0;
    lonely_ = present < 2;
    for (int r = 0; r < chunk.rows; ++r) share_.get()[r] = T((chunk.data.weights ? double(chunk.data.weights[chunk.order[r]]) : 1) / sum);
}

// The chunk's sparse rows after dropout of the inputs.
template <class T> void Trainer<T>::mask_sparse(const Chunk& chunk) {
    const Data<T>& data = chunk.data;
    const double rate = layout_.shape.dropout[0];
    const std::uint64_t layer = layer_key(settings_.seed, std::uint64_t(t_), 0);
    const std::uint32_t least = least_kept(rate);
    masked_start_.assign(1, 0);
    masked_index_.clear();
    masked_value_.clear();
    for (int r = 0; r < chunk.rows; ++r) {
        const std::uint32_t key = row_key(layer, std::uint64_t(chunk.first + r));
        for (std::int64_t at = data.indptr[chunk.order[r]]; at < data.indptr[chunk.order[r] + 1]; ++at) {
            if (!is_kept(key, std::uint32_t(data.indices[at]), least)) continue;
            masked_index_.push_back(data.indices[at]);
            masked_value_.push_back(data.values[at] * T(1 / (1 - rate)));
        }
        masked_start_.push_back(std::int64_t(masked_index_.size()));
    }
}

template <class T> SparseRows<T> Trainer<T>::sparse_rows(const Chunk& chunk) const {
    if (layout_.shape.dropout[0] > 0) return {masked_start_.data(), masked_index_.data(), masked_value_.data(), nullptr, 0};
    return {chunk.data.indptr, chunk.data.indices, chunk.data.values, chunk.order, 0};
}

// The column of ones behind layer k's inputs, which the bias multiplies.
template <class T> void Trainer<T>::set_ones(int k, int begin, int end) {
    const int column = layout_.layers[k].inputs;
    T* ones = in_[k].get() + column / layout_.panel * block_ + column % layout_.panel;
    for (int r = begin; r < end; ++r) ones[std::ptrdiff_t(r) * layout_.panel] = T(1);
}

// The batch's sparse inputs by column, so that each row of dW is summed by its owner in the order of the batch.
template <class T> void Trainer<T>::sort_columns(const SparseRows<T>& x, int rows) {
    column_start_.assign(std::size_t(layout_.layers[0].inputs) + 2, 0);
    const auto row = [&](int r) { return x.order ? x.order[r] : r; };
    std::int64_t entries = 0;
    for (int r = 0; r < rows; ++r)
        for (std::int64_t at = x.indptr[row(r)]; at < x.indptr[row(r) + 1]; ++at, ++entries) ++column_start_[x.indices[at] + 2];
    for (std::size_t j = 2; j < column_start_.size(); ++j) column_start_[j] += column_start_[j - 1];
    if (entries > std::numeric_limits<std::int32_t>::max()) throw std::invalid_argument("more than 2147483647 stored entries in a batch");
    column_row_.resize(entries);
    column_value_.resize(entries);
    for (int r = 0; r < rows; ++r)
        for (std::int64_t at = x.indptr[row(r)]; at < x.indptr[row(r) + 1]; ++at) {
            const std::int32_t to = column_start_[x.indices[at] + 1]++;
            column_row_[to] = r;
            column_value_[to] = x.values[at];
        }
}

template class Trainer<float>;
template class Trainer<double>;

}  // namespace chainrule

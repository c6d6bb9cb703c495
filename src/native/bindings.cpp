// The only file that knows Python: arrays in, arrays out. The types state the contract; lengths and indices are checked once more, so that
// no caller can make the engine read outside its arrays.
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "dispatch.hpp"
#include "group.hpp"
#include "trainer.hpp"

namespace nb = nanobind;
using namespace nb::literals;

namespace chainrule {
namespace {

template <class T> using Vector = nb::ndarray<const T, nb::numpy, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
template <class T> using Matrix = nb::ndarray<const T, nb::numpy, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
template <class T> using VectorOut = nb::ndarray<T, nb::numpy, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
template <class T> using MatrixOut = nb::ndarray<T, nb::numpy, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Order = Vector<std::int64_t>;

template <class T> const Kernels<T>& kernels_of(const std::string& name) {
    const KernelSet* set = find_kernels(name);
    if (!set) throw std::invalid_argument("instruction set '" + name + "' is not available on this processor");
    if constexpr (sizeof(T) == 4) return *set->single;
    else return *set->full;
}

// Python has checked what the user gave; this guards memory against a caller who has not.
void require(bool holds, const char* what) {
    if (!holds) throw std::invalid_argument(std::string("native engine: ") + what);
}

Head<double> head_of(int act, int loss, int first, int units, double weight, double delta, double smoothing,
                     const std::vector<double>& levels) {
    require(levels.size() <= most_levels, "at most 32 levels of a quantile loss");
    require(first >= 0 && units >= 1, "heads of at least one output");
    require(act >= 0 && act < int(Act::stored), "a known activation");
    require(loss >= 0 && loss <= int(Loss::perceptron), "a known loss");
    Head<double> head{Act(act), Loss(loss), first, units, weight, {delta, smoothing, int(levels.size()), {}}};
    std::copy(levels.begin(), levels.end(), head.parameters.level);
    return head;
}

NetworkShape shape_of(const std::vector<int>& widths, const std::vector<int>& activations, const std::vector<double>& dropout,
                      const std::vector<bool>& batch_norm, const std::vector<Head<double>>& heads, bool mean_reported) {
    constexpr int widest = 1 << 30;
    require(widths.size() == activations.size() + 1 && !activations.empty(), "one activation for every layer");
    require(dropout.size() == widths.size() && batch_norm.size() == activations.size(), "dropout and batch_norm of every layer");
    require(dropout.back() == 0 && !batch_norm.back(), "no dropout or batch_norm in the output layer");
    for (int width : widths) require(width >= 1 && width <= widest, "layer widths from 1 to 2^30");
    for (double rate : dropout) require(rate >= 0 && rate < 1, "dropout from 0 to below 1");
    int outputs = 0;
    for (const Head<double>& head : heads) {
        require(head.first == outputs, "heads that follow each other");
        outputs += head.units;
        const bool levels = head.loss == Loss::quantile && head.parameters.levels > 1;
        require(!levels || (heads.size() == 1 && head.units == head.parameters.levels), "one output for each level of a quantile loss");
    }
    require(outputs == widths.back(), "heads that cover the outputs");
    NetworkShape shape;
    shape.widths = widths;
    shape.dropout = dropout;
    shape.batch_norm = batch_norm;
    shape.heads = heads;
    shape.mean_reported = mean_reported;
    for (std::size_t k = 0; k < activations.size(); ++k) {
        const Act act = Act(activations[k]);
        require(activations[k] >= 0 && act < Act::stored, "a known activation");
        require(k + 1 == activations.size() || (act != Act::softmax && act != Act::ordered), "hidden activations for single units");
        shape.activation.push_back(act);
    }
    return shape;
}

Settings settings_of(int solver, int slots, double momentum, double second, double epsilon, double dampening, bool nesterov,
                     double alpha, double l2, double l1, double weight_decay, double max_norm, double clip_norm, double clip_value,
                     std::vector<double> layer_rates, std::uint64_t seed) {
    require(solver >= 0 && solver < int(Solver::frozen), "a known solver");
    const int needed[] = {0, 1, 2, 1, 2, momentum == 0 ? 1 : 2};
    require(slots == needed[solver], "as many state vectors as the solver has");
    return {Solver(solver), slots, momentum,     second,   epsilon,   dampening,  nesterov,               alpha,
            l2,             l1,    weight_decay, max_norm, clip_norm, clip_value, std::move(layer_rates), seed};
}

// Rows of inputs, dense or CSR. Holds the arrays alive.
template <class T> struct Rows {
    std::optional<Matrix<T>> dense;
    std::optional<Vector<std::int64_t>> indptr;
    std::optional<Vector<std::int32_t>> indices;
    std::optional<Vector<T>> values;

    // Throws unless the rows have this many columns and, if sparse, stay inside their arrays.
    void check(int columns) const {
        if (dense) return require(int(dense->shape(1)) == columns, "as many columns as the network has inputs");
        const std::size_t rows = indptr->shape(0);
        require(rows > 0 && indices->shape(0) == values->shape(0), "a well-formed CSR matrix");
        for (std::size_t r = 0; r < rows; ++r) {
            const std::int64_t at = indptr->data()[r], before = r ? indptr->data()[r - 1] : 0;
            require(at >= before && at <= std::int64_t(indices->shape(0)), "a well-formed CSR matrix");
        }
        for (std::size_t i = 0; i < indices->shape(0); ++i)
            require(indices->data()[i] >= 0 && indices->data()[i] < columns, "column indices below the number of inputs");
    }

    Data<T> data() const {
        Data<T> d{};
        if (dense) {
            d.rows = std::int64_t(dense->shape(0));
            d.dense = dense->data();
        } else {
            d.rows = std::int64_t(indptr->shape(0)) - 1;
            d.indptr = indptr->data();
            d.indices = indices->data();
            d.values = values->data();
        }
        return d;
    }
};

// Refuses a second thread instead of corrupting the first one's training.
class Exclusive {
   public:
    explicit Exclusive(std::atomic<bool>& busy) : busy_(busy) {
        if (busy_.exchange(true)) throw std::runtime_error("this training is already running in another thread");
    }
    ~Exclusive() { busy_ = false; }

   private:
    std::atomic<bool>& busy_;
};

bool interrupted(void*) {
    nb::gil_scoped_acquire gil;
    return PyErr_CheckSignals() != 0;
}

template <class T> struct PyTrainer {
    PyTrainer(const NetworkShape& shape, const Settings& settings, int threads, const std::string& kernels, Rows<T> rows,
              Matrix<T> targets, std::optional<Vector<T>> weights)
        : rows_(std::move(rows)), targets_(std::move(targets)), weights_(std::move(weights)) {
        const std::int64_t n = data().rows;
        rows_.check(shape.widths.front());
        require(n <= std::numeric_limits<int>::max(), "at most 2147483647 rows");
        require(std::int64_t(targets_.shape(0)) == n && int(targets_.shape(1)) == shape.target_columns(),
                "targets of shape (rows, outputs)");
        require(!weights_ || std::int64_t(weights_->shape(0)) == n, "one weight for every row");
        const std::size_t layers = shape.batch_norm.size();
        require(settings.layer_rates.empty() || settings.layer_rates.size() == layers, "one rate for every layer");
        only_gradient = settings.solver == Solver::gradient;
        trainer = std::make_unique<Trainer<T>>(shape, settings, kernels_of<T>(kernels), threads);
    }

    Data<T> data() const {
        Data<T> d = rows_.data();
        d.targets = targets_.data();
        d.weights = weights_ ? weights_->data() : nullptr;
        return d;
    }

    // Throws unless these are rows of the data, and there is a rate for every step over them.
    void check_steps(const std::int64_t* order, std::size_t n, std::size_t rates, int batch) const {
        require(batch >= 1 && std::int64_t(rates) >= (std::int64_t(n) + batch - 1) / batch, "a batch size and one rate for every step");
        const std::int64_t rows = data().rows;
        for (std::size_t i = 0; i < n; ++i) require(order[i] >= 0 && order[i] < rows, "row numbers within the data");
    }

    std::tuple<double, std::int64_t, std::vector<double>, std::vector<double>> epoch(Order order, Vector<double> rates, int batch) {
        check_steps(order.data(), order.shape(0), rates.shape(0), batch);
        EpochSums sums;
        {
            nb::gil_scoped_release release;
            Exclusive lock(busy);
            Watcher watcher({&interrupted, nullptr});
            trainer->epoch(data(), order.data(), std::int64_t(order.shape(0)), rates.data(), batch, watcher, sums);
        }
        if (sums.interrupted) throw nb::python_error();
        return {sums.loss, sums.rows, sums.gradient_norms, sums.update_norms};
    }

    // Whole epochs done, the patience after them, and the exception that a signal's handler raised meanwhile (else None).
    std::tuple<std::int64_t, double, double, nb::object> epochs(VectorOut<std::int64_t> order, Matrix<double> rates, int batch,
                                                               std::optional<nb::capsule> stream, MatrixOut<double> table, double tol,
                                                               double patience, double count, double best, double seconds) {
        const std::size_t most = table.shape(0), columns = told_columns + 2 * trainer->layout().layers.size();
        check_steps(order.data(), order.shape(0), rates.shape(1), batch);
        require(order.shape(0) <= std::numeric_limits<std::uint32_t>::max(), "an order that 32 random bits can permute");
        require(table.shape(1) == columns && (rates.shape(0) == most || rates.shape(0) == 1), "rates and a row of the table for every epoch");
        BitGenerator* bits = stream ? static_cast<BitGenerator*>(stream->data("BitGenerator")) : nullptr;
        const Group group{order.data(), std::int64_t(order.shape(0)), bits, rates.data(), rates.shape(0) == 1 ? 0 : std::int64_t(rates.shape(1)),
                          batch, std::int64_t(most), tol, patience, seconds, table.data()};
        Patience present{count, best};
        Watcher watcher({&interrupted, nullptr});
        std::int64_t done = 0;
        {
            nb::gil_scoped_release release;
            Exclusive lock(busy);
            done = run_group(*trainer, data(), group, present, watcher);
        }
        nb::object raised = nb::none();
        if (watcher.stopped()) raised = nb::borrow(nb::python_error().value());
        return {done, present.count, present.best, raised};
    }

    double gradient(VectorOut<T> out) {
        check_length(out.shape(0));
        require(only_gradient, "a trainer without a solver");
        require(data().rows > 0, "at least one row");
        nb::gil_scoped_release release;
        Exclusive lock(busy);
        return trainer->gradient(data(), out.data());
    }

    void check_length(std::size_t n) const {
        require(std::ptrdiff_t(n) == trainer->layout().parameters, "vectors as long as theta");
    }
    void check_slot(int slot) const { require(slot >= 0 && slot < trainer->slots(), "a slot of this solver"); }

    void set_theta(Vector<T> theta) {
        check_length(theta.shape(0));
        trainer->set_theta(theta.data());
    }
    void get_theta(VectorOut<T> out) {
        check_length(out.shape(0));
        Exclusive lock(busy);
        trainer->get_theta(out.data());
    }
    void set_state(int slot, Vector<T> vector) {
        check_slot(slot);
        check_length(vector.shape(0));
        trainer->set_state(slot, vector.data());
    }
    void get_state(int slot, VectorOut<T> out) {
        check_slot(slot);
        check_length(out.shape(0));
        Exclusive lock(busy);
        trainer->get_state(slot, out.data());
    }

    std::unique_ptr<Trainer<T>> trainer;
    std::atomic<bool> busy{false};

   private:
    bool only_gradient = false;
    Rows<T> rows_;
    Matrix<T> targets_;
    std::optional<Vector<T>> weights_;
};

void bind_descriptions(nb::module_& m) {
    nb::class_<Head<double>>(m, "Head", "A slice of the outputs with an activation and a loss.")
        .def("__init__",
             [](Head<double>* self, int activation, int loss, int first, int units, double weight, double delta, double smoothing,
                const std::vector<double>& levels) {
                 new (self) Head<double>(head_of(activation, loss, first, units, weight, delta, smoothing, levels));
             },
             "activation"_a, "loss"_a, "first"_a, "units"_a, "weight"_a, "delta"_a, "smoothing"_a, "levels"_a);
    nb::class_<NetworkShape>(m, "Shape", "A network: widths, activations, dropout (inputs first), batch normalisation, heads.")
        .def("__init__",
             [](NetworkShape* self, const std::vector<int>& widths, const std::vector<int>& activations,
                const std::vector<double>& dropout, const std::vector<bool>& batch_norm, const std::vector<Head<double>>& heads,
                bool mean_reported) {
                 new (self) NetworkShape(shape_of(widths, activations, dropout, batch_norm, heads, mean_reported));
             },
             "widths"_a, "activations"_a, "dropout"_a, "batch_norm"_a, "heads"_a, "mean_reported"_a);
    nb::class_<Settings>(m, "Settings", "A solver with its hyper-parameters, and what else a step does.")
        .def("__init__",
             [](Settings* self, int solver, int slots, double momentum, double second, double epsilon, double dampening, bool nesterov,
                double alpha, double l2, double l1, double weight_decay, double max_norm, double clip_norm, double clip_value,
                const std::vector<double>& layer_rates, std::uint64_t seed) {
                 new (self) Settings(settings_of(solver, slots, momentum, second, epsilon, dampening, nesterov, alpha, l2, l1,
                                                 weight_decay, max_norm, clip_norm, clip_value, layer_rates, seed));
             },
             nb::kw_only(), "solver"_a, "slots"_a, "momentum"_a, "second"_a, "epsilon"_a, "dampening"_a, "nesterov"_a, "alpha"_a,
             "l2"_a, "l1"_a, "weight_decay"_a, "max_norm"_a, "clip_norm"_a, "clip_value"_a, "layer_rates"_a, "seed"_a);
}

template <class T> void bind_precision(nb::module_& m, const std::string& suffix) {
    nb::class_<Rows<T>>(m, ("Rows" + suffix).c_str(), "Rows of inputs that stay where Python has them.")
        .def_static(
            "dense", [](Matrix<T> X) { return Rows<T>{std::move(X), {}, {}, {}}; }, "X"_a, "Rows of a C-contiguous matrix.")
        .def_static(
            "sparse",
            [](Vector<std::int64_t> indptr, Vector<std::int32_t> indices, Vector<T> values) {
                return Rows<T>{{}, std::move(indptr), std::move(indices), std::move(values)};
            },
            "indptr"_a, "indices"_a, "values"_a, "Rows of a CSR matrix with sorted indices.");

    using Trainer = PyTrainer<T>;
    nb::class_<Trainer>(m, ("Trainer" + suffix).c_str(), "A training in progress: parameters and solver state.")
        .def(nb::init<const NetworkShape&, const Settings&, int, const std::string&, Rows<T>, Matrix<T>, std::optional<Vector<T>>>(),
             "shape"_a, "settings"_a, "threads"_a, "kernels"_a, "rows"_a, "targets"_a, "weights"_a.none())
        .def("epoch", &Trainer::epoch, "order"_a, "rates"_a, "batch"_a,
             "One pass over the rows `order`: sum of objective times rows, rows, norms of gradient and change per layer.")
        .def("epochs", &Trainer::epochs, "order"_a, "rates"_a, "batch"_a, "stream"_a.none(), "table"_a, "tol"_a, "patience"_a, "count"_a,
             "best"_a, "seconds"_a,
             "As many epochs as `table` has rows, or fewer (see group.hpp): how many, count and best value of the patience, interruption.")
        .def("gradient", &Trainer::gradient, "out"_a, "The objective over all rows; its gradient goes to `out`.")
        .def("set_theta", &Trainer::set_theta, "theta"_a)
        .def("get_theta", &Trainer::get_theta, "out"_a)
        .def("set_state", &Trainer::set_state, "slot"_a, "vector"_a)
        .def("get_state", &Trainer::get_state, "slot"_a, "out"_a)
        .def_prop_rw("carried", [](Trainer& t) { return t.trainer->carried(); }, [](Trainer& t, double c) { t.trainer->set_carried(c); })
        .def_prop_rw("steps", [](Trainer& t) { return t.trainer->steps(); }, [](Trainer& t, std::int64_t n) { t.trainer->set_steps(n); });

    m.def(
        "predict",
        [](const NetworkShape& shape, Vector<T> theta, const Rows<T>& rows, MatrixOut<T> out, int threads, const std::string& kernels,
           Pool* workers) {
            const Kernels<T>& k = kernels_of<T>(kernels);
            const std::vector<int>& widths = shape.widths;
            require(!shape.any_batch_norm(), "running statistics folded into the weights");
            std::int64_t parameters = 0;
            for (std::size_t i = 1; i < widths.size(); ++i) parameters += (std::int64_t(widths[i - 1]) + 1) * widths[i];
            rows.check(widths.front());
            require(std::int64_t(theta.shape(0)) == parameters, "a theta of this network");
            require(std::int64_t(out.shape(0)) == rows.data().rows && int(out.shape(1)) == widths.back(), "an output of shape (rows, outputs)");
            nb::gil_scoped_release release;
            predict<T>(shape, k, theta.data(), rows.data(), out.data(), threads, workers);
        },
        "shape"_a, "theta"_a, "rows"_a, "out"_a, "threads"_a, "kernels"_a, "workers"_a.none(),
        "Output activations of every row into `out`, by `workers` of as many threads or its own.");
}

}  // namespace
}  // namespace chainrule

NB_MODULE(_native, m) {
    // An engine keeps its threads until the interpreter ends, which may leave modules as they are: no fault to tell users of.
    nb::set_leak_warnings(false);
    m.doc() = "chainrule's native engine.";
    m.def("available_kernels", &chainrule::available_kernels, "Instruction sets usable on this processor, fastest first.");
    chainrule::bind_descriptions(m);
    nb::class_<chainrule::Pool>(m, "Workers", "Threads that stay; for one prediction at a time.").def(nb::init<int>(), "threads"_a);
    chainrule::bind_precision<float>(m, "F32");
    chainrule::bind_precision<double>(m, "F64");
}

"""Traces of fitted estimators: the next step is the one that `partial_fit` takes; words of the user; tables; refusals."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import chainrule
from chainrule import LogLoss, MLPClassifier, MLPMultiTask, MLPRegressor, Perceptron, Quantile
from chainrule.trace import trace_estimator, verify
from tests.test_trace import assert_honest

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
IRIS, SPECIES = load_iris(return_X_y=True)
ROWS = slice(45, 53)


def classifier(**parameters):
    return MLPClassifier((4,), random_state=0, max_iter=5, alpha=0.01, **parameters)


STEPS = {
    "adam": {},
    "sgd": {"solver": "sgd", "learning_rate_init": 0.01},
    "sgd without momentum": {"solver": "sgd", "momentum": 0.0},
    "no nesterov": {"solver": "sgd", "nesterovs_momentum": False},
    "adamw": {"solver": "adamw", "weight_decay": 0.05},
    "rmsprop": {"solver": "rmsprop"},
    "adagrad": {"solver": "adagrad"},
    "adadelta": {"solver": "adadelta", "learning_rate_init": 1.0},
    "batch_norm": {"batch_norm": True},
    "limits": {"clip_norm": 0.1, "max_norm": 1.0, "l1": 0.01, "l2": 0.1},
    "layer rates": {"layer_rates": [0.0, 2.0]},
    "class weights": {"class_weight": {0: 1.0, 1: 3.0, 2: 0.5}},
    "smooth": {"loss": LogLoss(0.1)},
    "scaled": {"scale_features": True},
    "reference": {"engine": "reference"},
}


@pytest.mark.parametrize("name", STEPS)
def test_the_step_is_what_partial_fit_does_next(name):
    fitted = classifier(**STEPS[name]).fit(IRIS, SPECIES)
    theta = fitted.theta_.copy()
    done = fitted.trace(IRIS[ROWS], SPECIES[ROWS], level="unit")
    assert_honest(done)
    np.testing.assert_array_equal(fitted.theta_, theta)
    fitted.set_params(batch_size=8, shuffle=False).partial_fit(IRIS[ROWS], SPECIES[ROWS])
    for layer, (W, b) in enumerate(zip(fitted.coefs_, fitted.intercepts_, strict=True)):
        np.testing.assert_allclose(done[f"new-weight-l{layer}"].value, W, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(done[f"new-bias-l{layer}"].value, b, rtol=1e-9, atol=1e-12)


def test_dropout_masks_of_the_next_step():
    fitted = classifier(dropout=0.5).fit(IRIS, SPECIES)
    done = fitted.trace(IRIS[ROWS], SPECIES[ROWS])
    masks = done["mask-l0"].value
    assert set(np.unique(masks)) == {0.0, 2.0}
    # partial_fit puts the rows in another order first, but the masks go by the place in the batch.
    fitted.set_params(batch_size=8, shuffle=False).partial_fit(IRIS[ROWS], SPECIES[ROWS])
    np.testing.assert_allclose(done["new-weight-l0"].value, fitted.coefs_[0], rtol=1e-9, atol=1e-12)
    plain = fitted.trace(IRIS[ROWS], SPECIES[ROWS], training=False)
    assert "mask-l0" not in plain
    np.testing.assert_allclose(plain.prediction, fitted.predict_proba(IRIS[ROWS]), rtol=1e-9)


def test_lbfgs_goes_along_the_gradient():
    fitted = classifier(solver="lbfgs").fit(IRIS, SPECIES)
    done = fitted.trace(IRIS[ROWS], SPECIES[ROWS])
    assert_honest(done)
    assert done["step_length"].value > 0 and done["actual_change"].value < 0
    assert any("L-BFGS" in note for note in done.header.notes)


def test_float32_models_are_computed_in_float64():
    fitted = classifier(dtype="float32").fit(IRIS, SPECIES)
    done = fitted.trace(IRIS[:1], SPECIES[:1])
    assert_honest(done)
    assert done.header.dtype == "float32"
    np.testing.assert_allclose(done.prediction, fitted.predict_proba(IRIS[:1]), rtol=1e-5)


REGRESSIONS = {"squared_error": "squared_error", "huber": "huber", "poisson": "poisson", "levels": Quantile((0.1, 0.9))}


@pytest.mark.parametrize("name", REGRESSIONS)
def test_regressors(name):
    fitted = MLPRegressor(hidden_layer_sizes=(4,), loss=REGRESSIONS[name], max_iter=5, random_state=0)
    fitted.fit(IRIS[:, :3], IRIS[:, 3])
    done = fitted.trace(IRIS[:2, :3], IRIS[:2, 3])
    assert_honest(done)
    assert done.header.data[1].target == pytest.approx(IRIS[1, 3])
    np.testing.assert_allclose(np.ravel(done.header.data[0].prediction), np.ravel(fitted.predict(IRIS[:1, :3])))


def test_several_targets_at_once():
    pd = pytest.importorskip("pandas")
    y = pd.DataFrame({"species": SPECIES, "width": IRIS[:, 3]})
    fitted = MLPMultiTask(hidden_layer_sizes=(4,), max_iter=5, random_state=0).fit(IRIS[:, :3], y)
    done = fitted.trace(IRIS[:2, :3], y.iloc[:2])
    assert_honest(done)
    assert len(done.header.groups) == 2


def test_labels_and_names():
    labels = np.array(["setosa", "versicolor", "virginica"])[SPECIES]
    done = classifier().fit(IRIS, labels).trace(IRIS[[0, 149]], labels[[0, 149]])
    assert done.header.output_names == ("setosa", "versicolor", "virginica")
    assert [row.target for row in done.header.data] == ["setosa", "virginica"]
    assert done.header.input_names == ("x0", "x1", "x2", "x3")
    two = classifier().fit(IRIS, labels == "setosa").trace(IRIS[:1])
    assert two.header.output_names == ("True",) and two.header.data[0].target is None


def test_prepared_columns_show_raw_cells_and_inputs():
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame({"size": IRIS[:, 0], "site": np.where(IRIS[:, 1] > 3, "hill", "shore")})
    frame.loc[0, "size"] = np.nan
    fitted = classifier(categorical_features=["site"], allow_nan=True, scale_features=True).fit(frame, SPECIES)
    done = fitted.trace(frame.iloc[:2], SPECIES[:2])
    assert_honest(done)
    assert done.header.data[1].raw == {"size": 4.9, "site": "shore"}
    assert done.header.input_names == tuple(fitted.get_encoded_feature_names_out())
    assert done["input"].value.shape == (2, len(done.header.input_names))


def test_best_epoch_and_last_state_are_told_apart():
    fitted = MLPClassifier((4,), random_state=0, max_iter=60, learning_rate_init=0.5, early_stopping=True).fit(
        IRIS, SPECIES
    )
    done = fitted.trace(IRIS[:1], SPECIES[:1])
    assert_honest(done)
    np.testing.assert_array_equal(done["weight-l0"].value, fitted.coefs_[0])


def test_a_slower_rate_is_the_last_one():
    fitted = classifier(solver="sgd", learning_rate="invscaling").fit(IRIS, SPECIES)
    done = fitted.trace(IRIS[:1], SPECIES[:1])
    assert done.header.step["rate"] == fitted.history_[-1].learning_rate < fitted.learning_rate_init
    assert any("learning rate" in note for note in done.header.notes)


def test_models_from_files_know_their_state(tmp_path):
    fitted = classifier().fit(IRIS, SPECIES)
    chainrule.save(fitted, tmp_path / "iris.model")
    loaded = chainrule.load(tmp_path / "iris.model")
    assert loaded.trace(IRIS[:2], SPECIES[:2]).to_json() == fitted.trace(IRIS[:2], SPECIES[:2]).to_json()


def test_rows_of_a_table(example):
    pl, table, path = example
    model = chainrule.TableModel.fit(table, "species", estimator_params={"max_iter": 5})
    from chainrule.trace import trace_table

    done = trace_table(model, table, [3, 7], level="layer")
    assert_honest(done)
    assert [row.number for row in done.header.data] == [4, 8], "people count rows from 1, as messages about files do"
    assert done.header.data[0].target == table["species"][3] and done.header.target_name == "species"
    assert done.header.data[1].raw["island"] == table["island"][7]
    np.testing.assert_allclose(done.prediction, model.predict_proba(table[[3, 7]]), rtol=1e-9)
    unknown = table[[3]].with_columns(species=pl.lit(None, pl.String))
    assert "loss" not in trace_table(model, unknown, [0])
    with pytest.raises(ValueError, match=r"table, row 1 has no known value of 'species'.*counted from 1"):
        trace_table(model, unknown, [0], target=True)
    with pytest.raises(ValueError, match="counted from 0, rows must lie between 0 and 343"):
        trace_table(model, table, [344])
    part = chainrule.read_table(path).take([10, 20, 30])
    assert [row.number for row in trace_table(model, part, [1]).header.data] == [21], "its row in the file"
    weight = chainrule.TableModel.fit(table, "body_mass_g", estimator_params={"max_iter": 5})
    numbers = trace_table(weight, table, [0])
    centre, scale = numbers.header.target_scale
    assert numbers["target"].value[0, 0] * scale + centre == pytest.approx(table["body_mass_g"][0])


@pytest.fixture
def example(request):
    pl = pytest.importorskip("polars")
    path = request.config.rootpath / "examples" / "penguins.csv"
    return pl, pl.read_csv(path, null_values=["NA", ""]), path


def test_refusals():
    fitted = classifier().fit(IRIS, SPECIES)
    with pytest.raises(NotFittedError):
        clone(fitted).trace(IRIS[:1])
    for other in (LogisticRegression().fit(IRIS, SPECIES), make_pipeline(StandardScaler()), None):
        with pytest.raises(TypeError, match=r"Network\.trace"):
            trace_estimator(other, IRIS[:1])
    for unfitted in (Perceptron(), make_pipeline(StandardScaler(), classifier())):
        with pytest.raises(NotFittedError):
            trace_estimator(unfitted, IRIS[:1])
    with pytest.raises(ValueError, match="features"):
        fitted.trace(IRIS[:1, :2])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        fitted.trace(IRIS[:2], SPECIES[:1])
    with pytest.raises(ValueError, match="7"):
        fitted.trace(IRIS[:1], [7])
    with pytest.raises(TypeError, match="levle"):
        fitted.trace(IRIS[:1], levle="unit")


def test_balanced_weights_are_not_guessed_from_a_row():
    fitted = classifier(class_weight="balanced").fit(IRIS, SPECIES)
    done = fitted.trace(IRIS[:1], SPECIES[:1])
    assert any("balanced" in note for note in done.header.notes) and not done.header.weighted
    weighted = fitted.trace(IRIS[:2], SPECIES[:2], sample_weight=[1.0, 3.0])
    assert weighted.header.weighted and verify(weighted).ok


@pytest.mark.parametrize("frame", [False, True])
def test_a_pipeline_shows_raw_and_scaled_rows(frame):
    X = IRIS
    if frame:
        X = pytest.importorskip("pandas").DataFrame(IRIS, columns=["a", "b", "c", "d"])
    whole = make_pipeline(StandardScaler(), "passthrough", classifier()).fit(X, SPECIES)
    done = trace_estimator(whole, X[45:47], SPECIES[45:47])
    assert_honest(done)
    names = ["a", "b", "c", "d"] if frame else ["x0", "x1", "x2", "x3"]
    assert done.header.data[1].raw == dict(zip(names, IRIS[46], strict=True))
    assert list(done.header.input_names) == names
    np.testing.assert_allclose(done["input"].value, (IRIS[45:47] - IRIS.mean(axis=0)) / IRIS.std(axis=0), rtol=1e-12)
    np.testing.assert_allclose(done.prediction, whole.predict_proba(X[45:47]), rtol=1e-12)
    assert done.header.data[0].prediction == whole.predict(X[45:46])[0]


def test_a_search_stands_for_the_best_it_found():
    pipeline = make_pipeline(StandardScaler(), classifier())
    search = GridSearchCV(pipeline, {"mlpclassifier__alpha": [0.01, 1.0]}, cv=2).fit(IRIS, SPECIES)
    done = trace_estimator(search, IRIS[:1], SPECIES[:1])
    assert done.to_json() == trace_estimator(search.best_estimator_, IRIS[:1], SPECIES[:1]).to_json()
    with pytest.raises(TypeError, match="got GridSearchCV"):
        trace_estimator(clone(search), IRIS[:1])


def test_scaling_inside_shows_raw_cells_of_plain_arrays():
    fitted = classifier(scale_features=True).fit(IRIS, SPECIES)
    done = fitted.trace(IRIS[:1])
    assert done.header.data[0].raw == {f"x{place}": cell for place, cell in enumerate(IRIS[0])}
    assert not np.allclose(done["input"].value, IRIS[0])
    assert classifier().fit(IRIS, SPECIES).trace(IRIS[:1]).header.data[0].raw == {}


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("parameters", [{}, {"eta0": 0.3}, {"class_weight": {"b": 3.0}}], ids=str)
def test_a_perceptrons_step_is_its_correction(classes, parameters):
    """The oracle is `partial_fit`, row by row, right and wrong predictions among them."""
    chosen = np.less(SPECIES, classes)
    X, y = IRIS[chosen], np.array(["a", "b", "c"])[SPECIES[chosen]]
    fitted, moved = Perceptron(max_iter=1, **parameters).fit(X, y), 0
    for row in (0, 60, 99, 20, len(X) - 1):
        one = X[row : row + 1], y[row : row + 1]
        done = trace_estimator(fitted, *one)
        assert_honest(done)
        assert done.header.data[0].prediction == fitted.predict(one[0])[0]
        before = fitted.coef_.copy()
        fitted.partial_fit(*one)
        np.testing.assert_allclose(done["new-weight-l0"].value, fitted.coef_.T, rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(done["new-bias-l0"].value, fitted.intercept_, rtol=1e-12, atol=1e-12)
        moved += not np.array_equal(before, fitted.coef_)
    assert 0 < moved < 5
    assert len(trace_estimator(fitted, X[:3]).header.data) == 3
    for rows, labels, words in (
        (X[:2], y[:2], "one row at a time"),
        (X[:1], ["d"], "one of the classes"),
        (X[:1], [], "one of"),
    ):
        with pytest.raises(ValueError, match=words):
            trace_estimator(fitted, rows, labels)
    with pytest.raises(ValueError, match="must be positive"):
        trace_estimator(fitted, X[:1], y[:1], [0.0])

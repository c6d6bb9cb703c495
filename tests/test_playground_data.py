"""Data of the playground: toys, links, painted points, tables, arrays, models; their split, scaling and planes."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits, load_iris
from sklearn.decomposition import PCA

import chainrule
from chainrule.datasets.rival import SHAPES, start
from chainrule.datasets.toys import TOYS, make_toy
from chainrule.errors import TableError
from chainrule.playground import LIMITS, Session, Source, as_error
from chainrule.playground.pictures.spaces import outputs
from chainrule.tables.encoding import Encoder
from chainrule.tables.table import Table

PENGUINS = Path(__file__).parent.parent / "examples" / "penguins.csv"


def opened(own=None, **data):
    return Session.open({"data": data}, own)[0]


@pytest.mark.parametrize("name", TOYS)
def test_toys(name):
    one = opened(name=name, n=120, noise=0.2, seed=5, train=0.75)
    sample = make_toy(name, 120, 0.2, 5)
    np.testing.assert_array_equal(one.data.X, sample.X)
    np.testing.assert_array_equal(one.data.y, sample.y)
    assert (len(one.data.train), len(one.data.test)) == (90, 30) and one.describe()["data"]["dimension"] == TOYS[
        name
    ].inputs
    assert sorted([*one.data.train, *one.data.test]) == list(range(120))
    one.advance(3)
    frame = one.frame({"map": True, "line": True, "units": True, "metrics": True})
    assert ("map" in frame.arrays) != ("line_y" in frame.arrays)
    if one.data.classes:
        counts = np.array(one.data.counts)
        kept = np.bincount(one.data.y[one.data.train], minlength=len(counts))
        assert np.abs(kept - 0.75 * counts).max() <= 1


@pytest.mark.parametrize("name", SHAPES)
def test_points_of_links(name):
    problem = "regression" if name.startswith("reg") else "classification"
    key = "regDataset" if name.startswith("reg") else "dataset"
    one, _ = Session.open(
        f"playground.tensorflow.org/#{key}={name}&problem={problem}&noise=20&seed=0.7&percTrainData=30&networkShape=3"
    )
    begun = start(name, (2, 3, 1), "0.7", 0.2, 30)
    np.testing.assert_array_equal(one.data.X, begun.X)
    assert len(one.data.train) == begun.n_train and (one.data.train == np.arange(begun.n_train)).all()
    views = one.built.network.views(one.run.learner.theta)
    np.testing.assert_array_equal(views.W[0], begun.weights[0])
    np.testing.assert_array_equal(one.built.Y[:, 0], begun.y)


def test_painted_points():
    points = [[0, 0, 0], [1, 1, 1], [0, 1, 2], [2, 2, 1], [0.5, 0.5, 0], [3, 1, 2]]
    one = opened(source="points", points=points, train=1.0)
    assert one.data.classes == ("0", "1", "2") and one.built.network.outputs == 3 and not len(one.data.test)
    one.advance(2)
    assert one.frame({"metrics": True}).header["metrics"]["test_loss"] != 0
    # The map does not shrink to a few points: there are more to paint.
    assert one.data.box() == (-6, 6, -6, 6)
    line = opened(source="points", points=[[x, x * x] for x in range(6)])
    assert line.data.task == "regression" and line.built.names == ("x1",)
    numbers = opened(source="points", points=[[x, 1, x / 3] for x in range(6)])
    assert numbers.data.task == "regression"
    single = opened(source="points", points=[[x, x, 1] for x in range(4)], train=1.0)
    assert single.data.classes == ("0", "1")
    few = next(one for seed in range(2000) if not (one := opened(name="xor", n=10, seed=seed)).data.y.any())
    assert few.data.classes == ("0", "1") and few.describe()["network"]["outputs"] == ["1"]
    single.advance(1)
    with pytest.raises(ValueError, match="draw at least"):
        opened().change({"data.source": "points", "data.points": [[1, 1, 1]]})


def test_a_table_as_tables_reads_it():
    one = opened(Source.from_path(PENGUINS), target="species", train=0.8)
    data = one.data
    assert data.task == "classification" and set(data.classes) == {"Adelie", "Chinstrap", "Gentoo"}
    encoded = Encoder(data.schema).encode(chainrule.read_table(PENGUINS), [])
    np.testing.assert_array_equal(data.X, encoded)
    numeric = [
        place for place, name in enumerate(data.inputs) if name in {c.name for c in data.columns if c.kind == "numeric"}
    ]
    assert np.abs(np.median(data.X[data.train][:, numeric], axis=0)).max() < 0.3  # scaled by the training rows
    told = one.describe()["data"]
    assert told["digest"] == one.setup.data.digest != "" and "levels become one input each" in told["scaling"]
    assert {column["name"]: column["kind"] for column in told["columns"]}["island"] == "categorical"
    one.advance(60)
    assert one.judged().test_score > 0.9


def test_target_columns_and_task_are_chosen():
    one = opened(Source.from_path(PENGUINS), target="body_mass_g", columns=["flipper_length_mm", "species", "moon"])
    assert one.data.task == "regression" and one.data.scale > 100
    assert any(
        "moon" in note["text"] for note in Session.open({"data": {"columns": ["moon", "species"]}}, one.source)[1]
    )
    assert "flipper_length_mm" in one.data.inputs and len([c for c in one.data.columns if c.used]) == 2
    one.advance(100)
    metrics = one.frame({"metrics": True}).header["metrics"]
    assert metrics["score"] == "R2" and metrics["test_score"] > 0.6 and 200 < metrics["test_rmse"] < 600
    reply = one.change({"data.target": "island"})
    assert one.data.task == "classification" and "data" in reply["changed"]
    reply = one.change({"data.target": "nothing"})
    assert any("no column 'nothing'" in note["text"] for note in reply["notes"])


def test_slices_and_sliders():
    one = opened(Source.from_path(PENGUINS), target="species")
    plane = one.plane
    assert plane.names == tuple(c.name for c in one.data.columns if c.axis)[:2] and "slice at" in plane.told
    one.change(
        {"view.axes": ["flipper_length_mm", "body_mass_g"], "view.at": {"island": "Dream", "bill_length_mm": 50.0}}
    )
    plane = one.plane
    at = np.array([[200.0, 4000.0], [180.0, 3000.0]])
    rows = plane.rows(at)
    cells = {name: [value] * 2 for name, value in one.data.cells.items()}
    cells |= {
        "island": ["Dream"] * 2,
        "bill_length_mm": [50.0] * 2,
        "flipper_length_mm": at[:, 0],
        "body_mass_g": at[:, 1],
    }
    frame = pd.DataFrame({name: cells[name] for name in one.data.cells})
    np.testing.assert_allclose(rows, Encoder(one.data.schema).encode(Table.from_frame(frame), []), atol=1e-12)
    assert "island = Dream" in plane.told and "bill_length_mm = 50" in plane.told
    reply = one.change({"view.at": {"island": "Atlantis"}})
    assert any("Atlantis" in note["text"] for note in reply["notes"])
    before = one.run.learner.epochs
    one.change({"view.plane": "principal"})
    assert one.run.learner.epochs == before and "principal direction 1" in one.plane.names[0]


def test_the_principal_plane_is_pca():
    X, y = load_iris(return_X_y=True)
    one = opened(Source.from_arrays(X, y), task="classification")
    one.change({"view.plane": "principal"})
    plane, train = one.plane, one.data.train
    pca = PCA(2).fit(X[train])
    np.testing.assert_allclose(np.abs(plane.points), np.abs(pca.transform(X)), atol=1e-9)
    np.testing.assert_allclose(plane.rows(np.zeros((1, 2)))[0], X[train].mean(axis=0), atol=1e-12)
    one.change({"view.plane": "axes", "view.axes": ["x3", "x4"]})
    rows = one.plane.rows(np.array([[1.5, 0.5]]))
    np.testing.assert_allclose(rows[0, 2:], [1.5, 0.5])
    np.testing.assert_allclose(rows[0, :2], np.median(X[:, :2], axis=0))


def test_arrays_are_standardised_by_the_training_rows():
    X, y = load_iris(return_X_y=True)
    one = opened(Source.from_arrays(X * [1, 10, 100, 1000], y))
    train = one.built.X[one.data.train]
    np.testing.assert_allclose(train.mean(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose(train.std(axis=0), 1)
    one.advance(100)
    assert one.judged().test_score > 0.9


def test_data_frames_are_tables():
    X, y = load_iris(return_X_y=True, as_frame=True)
    one = opened(Source.from_arrays(X, y))
    assert one.data.target == "target" and one.data.task == "classification" and len(one.data.inputs) == 4


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "is empty"),
        (b"a,b\n", "no rows"),
        (b"a,b\n1,2\n3\n", "line 3"),
        (b"a,a\n1,2\n", "stands 2 times"),
        (b"a,b\n\xff,1\n", "UTF-8"),
        (b"a,b\n1,\0\n", "NUL"),
        (
            b"x,y\n" + b"".join(b"%d.5,%d\n" % (i, i % 3) for i in range(300)) + b"oops,1\n",
            "row 301 (line 302), column 'x'",
        ),
        (b"x,y\n1,5.5\n2,6.5\n3,7.5\n", "too few"),
        (b"x,y\n" + b"1,a\n2,a\n" * 9, "nothing to learn"),
        (b"x,y\n" + b"1,a\n1,b\n" * 9, "no column is of use"),
        (gzip.compress(b"", mtime=0)[:-4], "gzip"),
        (b"%PDF-1.4 abc", "expected"),
    ],
)
def test_hostile_tables(raw, words):
    with pytest.raises(TableError) as caught:
        opened(Source.from_bytes(raw, "../../etc/mine.csv"))
    told = as_error(caught.value)["error"]
    assert (
        words in told["text"] and told["kind"] == "table" and "mine.csv" in told["text"] and "etc" not in told["text"]
    )


def test_caps():
    with pytest.raises(TableError, match="bytes"):
        Source.from_bytes(b"a" * (LIMITS.bytes + 1), "big.csv")
    wide = ",".join(f"c{i}" for i in range(LIMITS.columns + 1)).encode()
    with pytest.raises(TableError, match="columns"):
        Source.from_bytes(wide + b"\n" + wide.replace(b"c", b"") + b"\n", "wide.csv")
    with pytest.raises(ValueError, match="rows"):
        Source.from_arrays(np.zeros((LIMITS.rows + 1, 1)), np.zeros(LIMITS.rows + 1))
    with pytest.raises(ValueError, match="finite"):
        Source.from_arrays([[1.0], [np.nan]], [0, 1])
    one, notes = Session.open({"network": {"layers": [{"units": 512}] * 8}})
    assert one.built.network.n_parameters <= LIMITS.parameters and notes


def test_a_link_that_needs_a_file_says_which():
    one = opened(Source.from_path(PENGUINS), target="species")
    text = one.hash()
    with pytest.raises(ValueError, match=r"'penguins.csv'.*open the file"):
        Session.open(text)
    again, notes = Session.open(text, Source.from_path(PENGUINS))
    assert again.setup == one.setup and not notes
    other = Source.from_bytes(PENGUINS.read_bytes().rstrip().rsplit(b"\n", 1)[0], "penguins.csv")
    _, notes = Session.open(text, other)
    assert [note["field"] for note in notes if note["level"] == "warning"] == ["data.digest"]


def test_loading_into_a_running_session():
    one, _ = Session.open(None)
    one.advance(5)
    with pytest.raises(TableError):
        one.load(Source.from_bytes(b"x,y\n1,a\n2,b\n", "few.csv"))
    assert one.status()["epoch"] == 5 and one.source is None
    reply = one.load(Source.from_path(PENGUINS), {"data.target": "species"})
    assert {"data", "network", "weights"} <= set(reply["changed"]) and one.status()["epoch"] == 0
    assert one.status()["widths"][-1] == 3
    one.change({"data.source": "toy", "data.name": "sine"})
    assert one.built.names == ("x1",)
    one.change({"data.name": "circle"})
    assert one.built.names == ("x1", "x2")


def test_a_fitted_model_opens_as_it_is():
    X, y = load_iris(return_X_y=True)
    model = chainrule.MLPClassifier(
        (6, 4), activation="tanh", learning_rate_init=0.01, max_iter=30, random_state=0, alpha=0.1
    )
    with pytest.warns(Warning):
        model.fit(X, y)
    one = opened(Source.from_model(model, X, y))
    np.testing.assert_array_equal(one.run.learner.theta, model.theta_)
    assert (
        one.setup.training.alpha == 0.1
        and one.setup.training.solver.name == "adam"
        and one.status()["widths"] == [4, 6, 4, 3]
    )
    np.testing.assert_allclose(outputs(one, one.built.X), model.predict_proba(X), atol=1e-6)
    one.advance(20)
    one.reset()
    np.testing.assert_array_equal(one.run.learner.theta, model.theta_)
    one.new_weights()
    assert (one.run.learner.theta != model.theta_).any()


def test_a_model_file_of_digits_reads_a_drawn_one(tmp_path):
    X, y = load_digits(return_X_y=True)
    with pytest.warns(Warning):
        model = chainrule.MLPClassifier(24, max_iter=20, random_state=0).fit(X, y)
    chainrule.save(model, tmp_path / "digits")
    one = opened(Source.from_model(tmp_path / "digits", X, y))
    assert one.describe()["data"]["picture"] == 8
    for row in (0, 5, 9):
        found = one.do("digit", {"pixels": (X[row] / 16).tolist()})
        assert found.header["class"] == str(model.predict(X[row : row + 1])[0])
        np.testing.assert_allclose(found.header["probabilities"], model.predict_proba(X[row : row + 1])[0], atol=1e-9)
    with pytest.raises(ValueError, match="no pictures"):
        opened().do("digit", {"pixels": [0, 1]})
    with pytest.raises(ValueError, match="64 pixels"):
        one.do("digit", {"pixels": [1, 2]})
    with pytest.raises(ValueError, match="fitted"):
        Source.from_model(chainrule.MLPClassifier())


def test_other_data_take_their_own_names_and_seeds():
    one, _ = Session.open("playground.tensorflow.org/#seed=0.123&problem=regression&regDataset=reg-gauss")
    one.change({"data.source": "toy"})
    assert (one.setup.data.name, one.setup.data.seed) == ("circle", 0) and not one.setup.run.compat
    one.new_data()
    assert one.setup.data.seed == 1
    one.change({"data.source": "rival", "data.name": "moons"})
    assert one.setup.data.name == "circle" and one.data.classes == ("-1", "1")


def test_columns_of_arrays_are_chosen():
    X, y = load_iris(return_X_y=True)
    one = opened(Source.from_arrays(X, y, ["a", "b", "c", "d"]), columns=["c", "d", "a"])
    assert one.data.inputs == ("a", "c", "d")
    np.testing.assert_array_equal(one.data.X, X[:, [0, 2, 3]])
    assert one.change({"data.columns": ["c", "d"]})["network"]["inputs"] == ["x1", "x2"]
    with pytest.raises(ValueError, match="name all 4"):
        Source.from_arrays(X, y, ["a"])


def test_the_model_of_a_table_opens_on_its_rows():
    table = chainrule.read_table(PENGUINS)
    model = chainrule.TableModel.fit(table, "species", hidden_layer_sizes=(5,), seed=1)
    one = opened(Source.from_model(model, table))
    np.testing.assert_array_equal(one.run.learner.theta, model.estimator.theta_)
    assert one.judged().train_score > 0.95 and one.data.classes == tuple(model.classes)
    with pytest.raises(ValueError, match="rows of a table"):
        Source.from_model(model)

"""Toy problems against their definitions; MNIST's files, whole and damaged."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from chainrule.datasets import mnist as loader
from chainrule.datasets.toys import TOYS, make_toy
from chainrule.errors import DatasetError

DATA = os.environ.get("CHAINRULE_DATA")


@pytest.mark.parametrize("name", TOYS)
def test_toy(name):
    toy = TOYS[name]
    found = make_toy(name, 301, 0.3, seed=4)
    assert found.X.shape == (301, toy.inputs) and found.y.shape == (301,)
    assert np.isfinite(found.X).all() and np.abs(found.X).max() < 20
    same, other = make_toy(name, 301, 0.3, seed=4), make_toy(name, 301, 0.3, seed=5)
    assert np.array_equal(found.X, same.X) and np.array_equal(found.y, same.y)
    assert not np.array_equal(found.X, other.X) or not np.array_equal(found.y, other.y)
    if toy.task == "classification":
        labels, counts = np.unique(found.y, return_counts=True)
        assert labels.tolist() == list(range(len(labels))) and counts.min() > 301 / len(labels) / 2
    else:
        exact = make_toy(name, 301, 0, seed=4)
        assert np.array_equal(exact.y, exact.mean(exact.X)) and not np.array_equal(found.y, exact.y)


@pytest.mark.parametrize("name", [name for name in TOYS if make_toy(name).posterior is not None])
def test_posterior_is_calibrated(name):
    found = make_toy(name, 40_000, 0.5, seed=1)
    probability = found.posterior(found.X)
    for low in np.arange(0, 1, 0.2):
        chosen = (probability >= low) & (probability < low + 0.2)
        share, expected, n = found.y[chosen].mean(), probability[chosen].mean(), chosen.sum()
        assert abs(share - expected) < 4 * np.sqrt(0.25 / n), (name, low)


def test_shapes_without_noise():
    circle = make_toy("circle", 500)
    assert ((np.hypot(*circle.X.T) < 2.5) == (circle.y == 1)).all()
    xor = make_toy("xor", 500)
    assert ((xor.X.prod(axis=1) >= 0) == (xor.y == 1)).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("sprial",), "'spiral'"),
        (("circle", 1), "n must be"),
        (("circle", 9, 1.5), "noise must be"),
        (("circle", 9.5), "n must"),
    ],
)
def test_toy_refusals(arguments, message):
    with pytest.raises(ValueError, match=message):
        make_toy(*arguments)


@pytest.mark.skipif(not DATA, reason="CHAINRULE_DATA is not set")
def test_mnist():
    found = loader.digits()
    assert found.source == "MNIST" and found.side == 28
    assert found.X.shape == (60_000, 784) and found.X_test.shape == (10_000, 784)
    assert found.X.min() == 0 and found.X.max() == 1
    # Published counts of the training digits 0 to 9.
    assert np.bincount(found.y).tolist() == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]


def test_substitute_says_so(monkeypatch, tmp_path):
    monkeypatch.delenv("CHAINRULE_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    found = loader.digits()
    assert "scikit-learn" in found.source and found.X.shape == (1297, 64) and found.X.max() == 1
    with pytest.raises(DatasetError, match="download=True"):
        loader.mnist()
    with pytest.raises(DatasetError, match=str(tmp_path)):
        loader.digits(tmp_path)


def idx(values: np.ndarray) -> bytes:
    head = (0x800 + values.ndim).to_bytes(4, "big") + b"".join(length.to_bytes(4, "big") for length in values.shape)
    return head + values.astype(np.uint8).tobytes()


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    for name, rows in zip(loader.SHA256, (30, 30, 10, 10), strict=True):
        shape = (rows, 4, 4) if "idx3" in name else (rows,)
        (tmp_path / name).write_bytes(gzip.compress(idx(rng.integers(0, 10, shape))))
    return tmp_path


def test_other_pictures_in_the_same_format(folder):
    found = loader.mnist(folder)
    assert found.X.shape == (30, 16) and found.side == 4 and found.X.max() <= 9 / 255 + 1e-7


@pytest.mark.parametrize("harm", ["cut", "magic", "gzip", "labels", "count"])
def test_damaged_files_are_named(folder, harm):
    name = "train-labels-idx1-ubyte.gz" if harm in ("labels", "count") else "train-images-idx3-ubyte.gz"
    path = Path(folder / name)
    data = gzip.decompress(path.read_bytes())
    changed = {
        "cut": data[:-5],
        "magic": b"\1" + data[1:],
        "gzip": b"\x1f\x8b" + b"rubbish",
        "labels": data[:-1] + b"\x0b",
        "count": idx(np.zeros(29)),
    }[harm]
    path.write_bytes(changed)
    with pytest.raises(DatasetError, match="MNIST"):
        loader.mnist(folder)


def test_download_is_verified_kept_and_read_back(monkeypatch, folder, tmp_path):
    """The published names from the published place; a second call reads what the first has kept."""
    published = {loader.ORIGIN + name: (folder / name).read_bytes() for name in loader.SHA256}
    sums = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in loader.SHA256}
    monkeypatch.setattr(loader, "SHA256", sums)
    monkeypatch.delenv("CHAINRULE_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    asked = []

    def fetched(address, timeout):
        asked.append(address)
        return BytesIO(published[address])

    monkeypatch.setattr(loader, "urlopen", fetched)
    assert not loader.present()
    found = loader.mnist(download=True)
    assert asked == list(published) and loader.present()
    assert {path.name for path in loader.cache().iterdir()} == set(sums)
    for again in (loader.mnist(download=True), loader.digits(), loader.mnist(folder)):
        assert again.source == "MNIST" and np.array_equal(again.X, found.X) and np.array_equal(again.y, found.y)
    assert len(asked) == 4


def test_download_is_checked(monkeypatch, folder, tmp_path):
    target = tmp_path / "fresh"
    shutil.rmtree(target, ignore_errors=True)

    class Answer:
        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        def read(self, _):
            return b"something else"

    monkeypatch.setattr(loader, "urlopen", lambda address, timeout: Answer())
    with pytest.raises(DatasetError, match="not the file that was published"):
        loader.mnist(target, download=True)
    assert list(target.iterdir()) == []

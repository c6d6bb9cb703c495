"""MNIST from the folder named by CHAINRULE_DATA: pixels in [0, 1] as float32, labels as integers."""

from __future__ import annotations

import gzip
import os
from pathlib import Path

import numpy as np


def images(path: Path) -> np.ndarray:
    """An idx file of images, one row each."""
    return (
        np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=16).reshape(-1, 784).astype(np.float32) / 255
    )


def labels(path: Path) -> np.ndarray:
    """An idx file of labels."""
    return np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=8).astype(np.int64)


def load() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """X_train, y_train, X_test, y_test: the original split."""
    root = os.environ.get("CHAINRULE_DATA")
    if not root or not (Path(root) / "mnist").is_dir():
        raise SystemExit(
            "set CHAINRULE_DATA to the folder that holds mnist/train-images-idx3-ubyte.gz and its companions"
        )
    folder = Path(root) / "mnist"
    parts = (("train", images, "images-idx3"), ("train", labels, "labels-idx1"),
             ("t10k", images, "images-idx3"), ("t10k", labels, "labels-idx1"))  # fmt: skip
    found = [read(folder / f"{part}-{kind}-ubyte.gz") for part, read, kind in parts]
    return found[0], found[1], found[2], found[3]

"""MNIST, the 70,000 handwritten digits (LeCun, Cortes & Burges 1998), from a local folder; downloaded only on request.

The folder is searched for in this order: the argument; ``mnist`` in the folder that the environment variable
CHAINRULE_DATA names; the cache, where `download=True` puts the four files. Where there is none, `digits` takes
scikit-learn's 1,797 small digits instead and says so.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import zlib
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import DatasetError
from chainrule.files import replace

TERMS = "MNIST (11 MB; LeCun, Cortes & Burges, commonly listed as CC BY-SA 3.0; from Google's copy of the original)"
ORIGIN = "https://storage.googleapis.com/cvdf-datasets/mnist/"
# Of the files as published, so that a damaged or exchanged download is noticed.
SHA256 = {
    "train-images-idx3-ubyte.gz": "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "train-labels-idx1-ubyte.gz": "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "t10k-images-idx3-ubyte.gz": "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "t10k-labels-idx1-ubyte.gz": "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
}
# The first four bytes: unsigned bytes in three dimensions (images) or one (labels).
MAGIC = {3: 0x803, 1: 0x801}


@dataclass(frozen=True)
class Digits:
    """Handwritten digits, split into training and test rows.

    Parameters
    ----------
    X, X_test : ndarray of shape (n, pixels), float32
        Grey values from 0 to 1, row by row of the picture.
    y, y_test : ndarray of shape (n,), int64
        Digits 0 to 9.
    side : int
        Pictures are `side` x `side` pixels.
    source : str
        Which data set it is.
    """

    X: NDArray[np.float32]
    y: NDArray[np.int64]
    X_test: NDArray[np.float32]
    y_test: NDArray[np.int64]
    side: int
    source: str


def digits(folder: str | os.PathLike[str] | None = None) -> Digits:
    """MNIST if it is found, else scikit-learn's small digits; `source` says which."""
    try:
        return mnist(folder)
    except DatasetError:
        if folder is not None:
            raise
        return small_digits()


def small_digits() -> Digits:
    """scikit-learn's 1,797 digits of 8 x 8 pixels; the last 500 are the test rows."""
    from sklearn.datasets import load_digits

    found = load_digits()
    X, y = (found.data / 16).astype(np.float32), found.target.astype(np.int64)
    return Digits(X[:-500], y[:-500], X[-500:], y[-500:], 8, "scikit-learn's digits (8 x 8)")


def mnist(folder: str | os.PathLike[str] | None = None, download: bool = False) -> Digits:
    """MNIST: 60,000 training and 10,000 test rows of 28 x 28 pixels.

    Parameters
    ----------
    folder : path or None
        Where the four files are (``train-images-idx3-ubyte``... with or without ``.gz``); None searches.
    download : bool
        Whether to fetch them (11 MB, listed as CC BY-SA 3.0, from Google's copy of the original) into `folder`, or the cache,
        if they are not there.

    Raises
    ------
    DatasetError
        If a file is not found, cannot be fetched, or is damaged.
    """
    places = _places(folder)
    place = next((place for place in places if all(_file(place, name) for name in SHA256)), None)
    if place is None and download:
        place = places[-1]
        _fetch(place)
    if place is None:
        raise DatasetError(
            f"MNIST: none of these folders holds its four files ({', '.join(SHA256)}): "
            f"{', '.join(str(place) for place in places)}. Put them there, name their folder, or call "
            "chainrule.datasets.mnist.mnist(download=True) (`chainrule lab run --download`) to fetch 11 MB."
        )
    images, labels, test_images, test_labels = (_read(place, name) for name in SHA256)
    for pictures, classes in ((images, labels), (test_images, test_labels)):
        if len(pictures) != len(classes) or classes.size == 0 or classes.max() > 9:
            raise DatasetError(
                f"MNIST in {place}: {len(pictures)} pictures do not go with {len(classes)} labels 0 to 9."
            )
    X, X_test = ((part.reshape(len(part), -1) / np.float32(255)).astype(np.float32) for part in (images, test_images))
    return Digits(X, labels.astype(np.int64), X_test, test_labels.astype(np.int64), images.shape[1], "MNIST")


def cache() -> Path:
    """The folder that `download=True` writes into where none is named."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "chainrule" / "mnist"


def present(folder: str | os.PathLike[str] | None = None) -> bool:
    """Whether the four files are there, in `folder` or where they are searched for."""
    return any(all(_file(place, name) for name in SHA256) for place in _places(folder))


def _places(folder: str | os.PathLike[str] | None) -> list[Path]:
    if folder is not None:
        return [Path(folder)]
    data = os.environ.get("CHAINRULE_DATA")
    return [*([Path(data) / "mnist"] if data else []), cache()]


def _file(place: Path, name: str) -> Path | None:
    found = (place / name, place / name.removesuffix(".gz"))
    return next((path for path in found if path.is_file()), None)


def _read(place: Path, name: str) -> NDArray[np.uint8]:
    """One file in the idx format: two zero bytes, type, dimensions, big-endian lengths, then the bytes."""
    path = _file(place, name)
    assert path is not None
    try:
        raw = path.read_bytes()
        data = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
    except (OSError, EOFError, zlib.error) as error:
        raise DatasetError(f"MNIST: {path} cannot be read: {error}. Fetch it again.") from error
    dimensions = 3 if "idx3" in name else 1
    head = 4 * (1 + dimensions)
    shape = np.frombuffer(data[4:head].ljust(4 * dimensions, b"\0"), ">u4").astype(np.int64)
    if int.from_bytes(data[:4], "big") != MAGIC[dimensions] or len(data) != head + shape.prod():
        raise DatasetError(
            f"MNIST: {path} is not an idx file of {dimensions} dimension(s), or is cut off. Fetch it again."
        )
    return np.frombuffer(data, np.uint8, offset=head).reshape(shape)


def _fetch(place: Path) -> None:
    place.mkdir(parents=True, exist_ok=True)
    for name, expected in SHA256.items():
        if _file(place, name):
            continue
        try:
            with urlopen(ORIGIN + name, timeout=60) as answer:
                data: bytes = answer.read(20_000_000)
        except (URLError, OSError) as error:
            raise DatasetError(f"MNIST: {ORIGIN + name} cannot be fetched: {error}.") from error
        if hashlib.sha256(data).hexdigest() != expected:
            raise DatasetError(f"MNIST: {ORIGIN + name} is not the file that was published; nothing was kept of it.")
        replace(str(place / name), data, "MNIST: could not be kept")

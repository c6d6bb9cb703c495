"""Frames: the newest state for drawing, as a header in JSON and one block of numbers.

On the wire (little-endian): `CRF1`, the length of the header as uint32, the header in UTF-8, padded with spaces so that the block
begins at a multiple of 8; every array begins at a multiple of 8 of the block, so that typed arrays can be laid over the message.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import numpy as np
from numpy.typing import NDArray

MAGIC = b"CRF1"
KINDS = ("float32", "float64", "uint8", "int32")


@dataclass(frozen=True, eq=False)
class Frame:
    """A header and arrays.

    Parameters
    ----------
    header : dict
        Plain JSON data; numbers that are not finite become null.
    arrays : dict of ndarray
        float32, float64, uint8 or int32.
    """

    header: dict[str, Any]
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict)


def pack(made: Frame) -> bytes:
    """The bytes of a frame."""
    listed, blocks, offset = [], [], 0
    for name, array in made.arrays.items():
        if array.dtype.name not in KINDS:
            raise ValueError(f"array {name!r} of a frame is {array.dtype}; expected {', '.join(KINDS)}.")
        raw = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).tobytes()
        listed.append(
            {"name": name, "dtype": array.dtype.name, "shape": list(array.shape), "offset": offset, "bytes": len(raw)}
        )
        padded = raw + b"\0" * (-len(raw) % 8)
        blocks.append(padded)
        offset += len(padded)
    text = json.dumps(plain({**made.header, "arrays": listed}), allow_nan=False, ensure_ascii=False).encode()
    text += b" " * (-(8 + len(text)) % 8)
    return b"".join([MAGIC, struct.pack("<I", len(text)), text, *blocks])


def unpack(raw: bytes) -> Frame:
    """The frame of such bytes.

    Raises
    ------
    ValueError
        If they are none.
    """
    if raw[:4] != MAGIC:
        raise ValueError("this is no frame: it does not begin with CRF1.")
    (length,) = struct.unpack("<I", raw[4:8])
    header = json.loads(raw[8 : 8 + length])
    block, arrays = memoryview(raw)[8 + length :], {}
    for told in header.pop("arrays"):
        part = block[told["offset"] : told["offset"] + told["bytes"]]
        arrays[told["name"]] = np.frombuffer(part, np.dtype(told["dtype"]).newbyteorder("<")).reshape(told["shape"])
    return Frame(header, arrays)


def plain(value: Any) -> Any:
    """Plain JSON data: null for numbers that are not finite."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    return None if isinstance(value, float) and not isfinite(value) else value

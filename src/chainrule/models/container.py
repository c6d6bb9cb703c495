"""The file under a model: named arrays and one JSON document in a safetensors file, written whole or not at all.

It knows nothing of networks. What it promises: a reader sees the old file or the new one, never a part; every changed
bit is noticed (SHA-256 over document and arrays; a guard against damage, not against forgery); reading executes nothing
and takes memory in proportion to the file's size.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, deserialize
from safetensors.numpy import save as to_safetensors

from chainrule.errors import ModelFileError
from chainrule.files import MODEL, read_whole, recognised, replace

KEY, FORMAT_VERSION = "chainrule", 1
MAX_HEADER = 64 * 2**20
DTYPES: dict[str, np.dtype[Any]] = {
    "F32": np.dtype("<f4"),
    "F64": np.dtype("<f8"),
    "I64": np.dtype("<i8"),
    "U32": np.dtype("<u4"),
}
BODY = ',"document":'
Arrays = dict[str, NDArray[Any]]


def write(path: str | os.PathLike[str], document: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write the file, atomically and durably.

    Raises
    ------
    OSError
        The file cannot be written; a file that stood there is as it was.
    ModelFileError
        The document is longer than `read` accepts; nothing was written.
    """
    text = json.dumps(document, allow_nan=False, separators=(",", ":"))
    plain = {name: np.ascontiguousarray(array, dtype=_stored(array.dtype)) for name, array in sorted(arrays.items())}
    # One metadata key: with several, the order in the file, and so its bytes, would change from run to run.
    header = f'{{"format_version":{FORMAT_VERSION},"sha256":"{_digest(text, plain)}"{BODY}{text}}}'
    data = to_safetensors(plain, metadata={KEY: header})
    length = int.from_bytes(data[:8], "little")
    if length > MAX_HEADER:
        raise ModelFileError(
            f"{os.fspath(path)}: the model's description takes {length:,} bytes, and at most {MAX_HEADER:,} can be read "
            "again; nothing was written. Use fewer columns, or columns with fewer and shorter levels."
        )
    replace(os.fspath(path), data, "the model could not be saved")


def read(path: str | os.PathLike[str]) -> tuple[dict[str, Any], Arrays]:
    """The document and the arrays of a file.

    Raises
    ------
    ModelFileError
        The file is not what `write` writes; the message says what was found.
    """
    name = os.fspath(path)
    data = read_whole(name, MODEL, ModelFileError)
    checksum, text, document = _header(name, data)
    try:
        entries = deserialize(data)
    except SafetensorError as error:
        raise ModelFileError(f"{name}: damaged, the arrays do not fit the header ({error}).") from None
    arrays = {}
    for key, entry in entries:
        if entry["dtype"] not in DTYPES:
            raise ModelFileError(f"{name}: array {key!r} has type {entry['dtype']}; expected {', '.join(DTYPES)}.")
        flat = np.frombuffer(entry["data"], dtype=DTYPES[entry["dtype"]])
        arrays[key] = flat.reshape(entry["shape"]).copy()
    if _digest(text, arrays) != checksum:
        raise ModelFileError(f"{name}: damaged, the content does not match its SHA-256 checksum.")
    return document, arrays


def _stored(dtype: np.dtype[Any]) -> np.dtype[Any]:
    little = dtype.newbyteorder("<")
    if little not in DTYPES.values():
        raise TypeError(f"arrays of type {dtype} cannot be written to a model file.")
    return little


def _digest(text: str, arrays: Mapping[str, NDArray[Any]]) -> str:
    digest = hashlib.sha256(text.encode("utf-8", "surrogatepass"))
    for name in sorted(arrays):
        array = arrays[name]
        digest.update(f"\0{name}\0{array.dtype.str}\0{array.shape}\0".encode("utf-8", "surrogatepass"))
        digest.update(array.tobytes())
    return digest.hexdigest()


def _header(name: str, data: bytes) -> tuple[str, str, dict[str, Any]]:
    """The checksum, the text it covers, and the document."""
    length = int.from_bytes(data[:8], "little")
    if len(data) < 8 or not 2 <= length <= min(len(data) - 8, MAX_HEADER):
        what = recognised(data)
        if what not in ("", MODEL):
            raise ModelFileError(f"{name}: looks like {what}, not a chainrule model file; nothing else is opened.")
        raise ModelFileError(f"{name}: {len(data):,} bytes that are not a chainrule model file, or one cut short.")
    header = _parse(name, data[8 : 8 + length], "the header")
    metadata = header.get("__metadata__") if isinstance(header, dict) else None
    text = metadata.get(KEY) if isinstance(metadata, dict) else None
    if not isinstance(text, str):
        raise ModelFileError(f"{name}: a safetensors file that chainrule did not write.")
    fields = _parse(name, text, "the document")
    version = fields.get("format_version") if isinstance(fields, dict) else None
    if type(version) is not int or version != FORMAT_VERSION:
        raise ModelFileError(
            f"{name}: format version {version}; this chainrule reads version {FORMAT_VERSION}. "
            "A newer file needs a newer chainrule."
        )
    document, checksum = fields.get("document"), fields.get("sha256")
    if len(fields) != 3 or not isinstance(document, dict) or not isinstance(checksum, str):
        raise ModelFileError(f"{name}: header fields {sorted(fields)}; expected document, format_version, sha256.")
    return checksum, text.partition(BODY)[2][:-1], document


def _parse(name: str, text: str | bytes, what: str) -> Any:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len({key for key, _ in pairs}) < len(pairs):
            raise ValueError("a key stands twice")
        return dict(pairs)

    def constant(symbol: str) -> float:
        raise ValueError(f"{symbol} is not JSON")

    try:
        return json.loads(text, object_pairs_hook=unique, parse_constant=constant)
    except (ValueError, RecursionError) as error:
        raise ModelFileError(f"{name}: {what} is not valid ({type(error).__name__}: {error}).") from None

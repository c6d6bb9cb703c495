"""A trace as a JSON document and back: plain data, every number to its last bit.

``{"format": "chainrule-trace", "version": 1, "header": {...}, "rows": [...]}``. Arrays of more than `LISTED` numbers are
``{"shape": [...], "float64": base64 of little-endian doubles}``; NaN, Infinity and -Infinity are words.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.trace.header import DataRow, Header
from chainrule.trace.rows import Quantity, Row, Value

if TYPE_CHECKING:
    from chainrule.trace.record import Trace

FORMAT, VERSION = "chainrule-trace", 1
LISTED = 256
WORDS = {"NaN": np.nan, "Infinity": np.inf, "-Infinity": -np.inf}
ROW_FIELDS = {
    "id": str,
    "level": str,
    "stage": str,
    "quantity": dict,
    "operation": str,
    "parents": list,
    "settings": dict,
}
# Fields of Quantity that hold numbers; the others are words.
PLACES = ("layer", "unit", "source", "row")
HEADER_KINDS: dict[str, Any] = {
    "str": str,
    "int": int,
    "bool": bool,
    "float": (int, float),
    "dict[str, Any]": dict,
    "dict[str, Any] | None": (dict, type(None)),
}


def to_json(trace: Trace) -> str:
    """The document of a trace."""
    rows = [_row_to_plain(row) for row in trace.rows]
    document = {"format": FORMAT, "version": VERSION, "header": _plain(asdict(trace.header)), "rows": rows}
    return json.dumps(document, allow_nan=False, ensure_ascii=False)


def _row_to_plain(row: Row) -> dict[str, Any]:
    places = {name: value for name, value in vars(row.quantity).items() if value is not None and value != ""}
    return {
        "id": row.id,
        "level": row.level,
        "stage": row.stage,
        "quantity": places,
        "operation": row.operation,
        "parents": list(row.parents),
        "value": _value_to_plain(row.value),
        "settings": _plain(dict(row.settings)),
    }


def _value_to_plain(value: Value) -> Any:
    if isinstance(value, np.ndarray) and value.size > LISTED:
        stored = np.ascontiguousarray(value, "<f8")
        return {"shape": list(value.shape), "float64": base64.b64encode(stored.tobytes()).decode("ascii")}
    return _plain(value.tolist() if isinstance(value, np.ndarray) else value)


def _plain(value: Any) -> Any:
    """Plain data with words for the numbers that JSON does not know."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return "NaN" if np.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)


def from_json(text: str) -> tuple[Header, tuple[Row, ...]]:
    """Header and rows of a document.

    Raises
    ------
    ValueError
        If it is not such a document; the message names the place.
    """
    try:
        document = json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"this is not JSON: {error}") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError(f"this is not a trace: expected an object whose format is {FORMAT!r}.")
    if document.get("version") != VERSION:
        raise ValueError(f"this trace has version {document.get('version')!r}; this program reads version {VERSION}.")
    if not isinstance(document.get("rows"), list):
        raise ValueError("rows: expected a list.")
    header = _header(document.get("header"))
    return header, tuple(_row(row, f"rows[{place}]") for place, row in enumerate(document["rows"]))


def _checked(data: Any, kinds: Mapping[str, Any], place: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise ValueError(f"{place}: expected an object, found {type(data).__name__}.")
    odd = sorted(set(data) ^ set(kinds), key=str)
    if odd:
        raise ValueError(f"{place}: field {odd[0]!r} is {'missing' if odd[0] in kinds else 'unknown'}.")
    for name, kind in kinds.items():
        wrong = not isinstance(data[name], kind) or (isinstance(data[name], bool) and kind in (int, (int, float)))
        if wrong:
            raise ValueError(f"{place}.{name}: {data[name]!r} is of the wrong type.")
    return data


def _header(data: Any) -> Header:
    kinds = {field.name: HEADER_KINDS.get(str(field.type), list) for field in fields(Header)}
    given = dict(_checked(data, kinds, "header"))
    rows = [
        _checked(row, {"number": int, "raw": dict, "target": object, "prediction": object}, f"header.data[{place}]")
        for place, row in enumerate(given["data"])
    ]
    given["data"] = tuple(DataRow(**row) for row in rows)
    tuples = [field.name for field in fields(Header) if kinds[field.name] is list and field.name != "data"]
    given.update({name: tuple(given[name]) for name in tuples})
    if not all(isinstance(pair, list) and [type(one) for one in pair] == [int, int] for pair in given["opened"]):
        raise ValueError("header.opened: expected pairs of layer and unit.")
    for name in ("stages", "input_names", "output_names", "notes"):
        if not all(isinstance(word, str) for word in given[name]):
            raise ValueError(f"header.{name}: expected words.")
    if [type(one) in (int, float) for one in given["target_scale"]] != [True, True]:
        raise ValueError("header.target_scale: expected two numbers, centre and scale.")
    given["opened"] = tuple((layer, unit) for layer, unit in given["opened"])
    return Header(**given)


def _row(data: Any, place: str) -> Row:
    given = _checked(data, {**ROW_FIELDS, "value": object}, place)
    known = {field.name for field in fields(Quantity)}
    places = given["quantity"]
    wrong = [
        name
        for name, value in places.items()
        if name not in known or type(value) is not (int if name in PLACES else str)
    ]
    if wrong or "kind" not in places:
        raise ValueError(
            f"{place}.quantity: {wrong[0] if wrong else 'kind'!r} is unknown, missing or of the wrong type."
        )
    if not all(isinstance(parent, str) for parent in given["parents"]):
        raise ValueError(f"{place}.parents: expected ids.")
    value = _value(given["value"], f"{place}.value")
    head = (given["id"], given["level"], given["stage"], Quantity(**places), given["operation"])
    return Row(*head, tuple(given["parents"]), value, given["settings"])


def _value(data: Any, place: str) -> Value:
    if isinstance(data, dict):
        return _stored(_checked(data, {"shape": list, "float64": str}, place), place)
    try:
        found = np.array(_numbers(data, place), np.float64)
    except (ValueError, TypeError, OverflowError):
        raise ValueError(f"{place}: expected a number or an array of numbers.") from None
    return float(found) if found.ndim == 0 else found


def _numbers(data: Any, place: str) -> Any:
    if isinstance(data, list):
        return [_numbers(item, place) for item in data]
    if isinstance(data, str) and data in WORDS:
        return WORDS[data]
    if not isinstance(data, (int, float)) or isinstance(data, bool):
        raise ValueError(f"{place}: {data!r} is no number.")
    return data


def _stored(data: dict[str, Any], place: str) -> Value:
    shape = data["shape"]
    try:
        numbers = np.frombuffer(base64.b64decode(data["float64"], validate=True), "<f8").astype(np.float64)
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from None
    if not all(type(size) is int and size >= 0 for size in shape) or prod(shape) != numbers.size:
        raise ValueError(f"{place}: {numbers.size} numbers, but shape {shape}.")
    return numbers.reshape(shape)

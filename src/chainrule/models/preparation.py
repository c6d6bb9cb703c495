"""How an estimator makes inputs of columns (categories, missing values, scales), in a model file."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from chainrule.estimators.cells import KINDS
from chainrule.estimators.encoding import DATE_PARTS, Part
from chainrule.estimators.preparation import Column, Preparation
from chainrule.models.plain import checked_dict, checked_list
from chainrule.network import Network

FIELDS, COLUMN = ("allow_nan", "clip", "columns"), ("category", "kind", "levels", "name", "parts")
PART, NUMBERS = ("centre", "flag", "impute", "name", "scale"), ("centre", "impute", "scale")
PARTS: dict[str, tuple[str, ...]] = {"number": ("value",), "truth": ("value",), "date": DATE_PARTS, "": (), "text": ()}


def describe_preparation(preparation: Preparation) -> dict[str, Any]:
    """Plain data."""
    columns = [{**asdict(column), "levels": list(column.levels)} for column in preparation.columns]
    for column in columns:
        column["parts"] = list(column["parts"])
    return {"allow_nan": preparation.allow_nan, "clip": float(preparation.clip), "columns": columns}


def restore_preparation(data: Any, network: Network) -> Preparation:
    """What `describe_preparation` described, if it feeds the network's inputs; ValueError otherwise."""
    fields = checked_dict(data, "preparation", FIELDS)
    columns = tuple(_column(one) for one in checked_list(fields["columns"], dict, "preparation"))
    if type(fields["allow_nan"]) is not bool or not _finite(fields["clip"]) or fields["clip"] < 0:
        raise ValueError(f"preparation: allow_nan is {fields['allow_nan']!r}, clip {fields['clip']!r}.")
    found = Preparation(columns, fields["allow_nan"], fields["clip"])
    if len(found.inputs) != network.inputs:
        raise ValueError(f"preparation: {len(found.inputs)} inputs for a network with {network.inputs}.")
    return found


def _column(data: Any) -> Column:
    fields = checked_dict(data, "preparation: column", COLUMN)
    name, kind, category = fields["name"], fields["kind"], fields["category"]
    levels, parts = checked_list(fields["levels"], str, "levels"), checked_list(fields["parts"], dict, "parts")
    if not isinstance(name, str) or kind not in ("", *KINDS) or type(category) is not bool:
        raise ValueError(f"preparation: column {name!r} is of kind {kind!r}, category {category!r}.")
    names = [part.get("name") for part in parts]
    known = () if category else PARTS[kind]
    if not set(names) <= set(known) or len(set(names)) < len(names) or len(set(levels)) < len(levels):
        raise ValueError(f"preparation: column {name!r} has parts {names} and levels {levels}.")
    if (levels and not category) or (category and kind == "date"):
        raise ValueError(f"preparation: column {name!r} of kind {kind!r} has no levels.")
    return Column(name, kind, category, tuple(levels), tuple(_part(part, name) for part in parts))


def _part(data: Any, column: str) -> Part:
    fields = checked_dict(data, f"preparation: column {column!r}", PART)
    if type(fields["flag"]) is not bool or not all(_finite(fields[name]) for name in NUMBERS) or fields["scale"] <= 0:
        raise ValueError(f"preparation: column {column!r} has a part {fields}.")
    return Part(**fields)


def _finite(value: Any) -> bool:
    return type(value) is float and math.isfinite(value)

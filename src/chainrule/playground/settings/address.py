"""A setup as the text behind the # of an address, and back: `v=1&data=xor&noise=0.2&layers=8:relu,4:tanh`.

Only what differs from the defaults is written, under keys that can be read. Never any data: of the user's own data a
digest stands there, so that the page can say which file a link needs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlencode

from chainrule.playground.settings.controls import Control
from chainrule.playground.settings.families import FAMILIES, formula_to_plain, knobs, name_of
from chainrule.playground.settings.setup import VERSION, LayerSetup, Note, Setup, every_field, nested

# Fields whose key in an address is not their own name.
KEYS = {
    "data.name": "data",
    "data.seed": "dataSeed",
    "data.split_seed": "splitSeed",
    "network.input_dropout": "inputDropout",
    "network.initializer": "init",
    "network.seed": "weightSeed",
    "training.learning_rate": "rate",
    "training.batch_size": "batch",
    "training.seed": "orderSeed",
    "training.weight_decay": "decay",
    "training.max_norm": "maxNorm",
    "training.clip_norm": "clipNorm",
    "training.clip_value": "clipValue",
    "run.until.epochs": "untilEpochs",
    "run.until.train_loss": "untilTrainLoss",
    "run.until.test_loss": "untilTestLoss",
    "run.until.score": "untilScore",
    "run.until.seconds": "untilSeconds",
    "run.until.patience": "untilPatience",
}
# Drawn points are data.
LEFT_OUT = ("data.points",)
LONGEST = 8000
NONE = "off"


class Spelling(NamedTuple):
    """How a kind of field is written, and read."""

    write: Callable[[Control, Any], str]
    read: Callable[[Control, str], Any]


def write_hash(setup: Setup) -> str:
    """The text of a setup."""
    pairs = [("v", str(VERSION))]
    for path, control, value in every_field(setup):
        if path not in LEFT_OUT and value != control.default:
            written = NONE if value is None else SPELLINGS[control.kind].write(control, value)
            pairs.append((_key(path), written))
    return urlencode(pairs, quote_via=quote, safe=":,().*^-")


def read_hash(text: str) -> tuple[dict[str, Any], list[Note]]:
    """Plain data for `Setup.from_plain` from the text of an address, or from a whole address."""
    behind = text.partition("#")[2] if "#" in text else text
    if len(behind) > LONGEST:
        return {}, [Note("ignored", "", f"the address is longer than {LONGEST:,} characters; it was left out.")]
    known = {_key(path): (path, control) for path, control, _ in every_field(Setup()) if path not in LEFT_OUT}
    found, notes = {}, []
    for key, written in parse_qsl(behind, keep_blank_values=True):
        if key == "v":
            notes += [] if written == str(VERSION) else [_other_version(written)]
        elif key not in known:
            notes.append(Note("ignored", key[:80], "there is no such key; it was left out."))
        else:
            path, control = known[key]
            found[path] = (
                None if written == NONE and control.optional else SPELLINGS[control.kind].read(control, written)
            )
    return nested(found), notes


def _key(path: str) -> str:
    return KEYS.get(path, path.rpartition(".")[2])


def _other_version(written: str) -> Note:
    return Note("warning", "version", f"made by version {written!r:.20}; this is version {VERSION}.")


def _number_text(value: float) -> str:
    return repr(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))


def _scalar_text(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if value is None:
        return NONE
    return _number_text(value) if isinstance(value, (int, float)) else quote(str(value), safe="")


def _scalar(text: str) -> Any:
    """A number where it is one, else the text; what it should be is the control's business."""
    try:
        number = float(text)
    except ValueError:
        return None if text == NONE else unquote(text)
    return int(number) if number == number and abs(number) < 1e15 and number == int(number) else number


def _read_flag(control: Control, text: str) -> Any:
    return {"1": True, "0": False, "true": True, "false": False}.get(text, text)


def _write_names(control: Control, names: tuple[str, ...]) -> str:
    return ",".join(quote(name, safe="()*^") for name in names)


def _read_names(control: Control, text: str) -> Any:
    return [unquote(name) for name in text.split(",")] if text else []


def _write_formula(control: Control, made: Any) -> str:
    name = name_of(made)
    if isinstance(made, str):
        return name
    usual = {knob.name: knob.default for knob in knobs(_family(made))}
    told = [
        f"{key}:{_list_text(one)}"
        for key, one in formula_to_plain(made).items()
        if key != "name" and _differs(one, usual[key])
    ]
    return f"{name}({','.join(told)})" if told else name


def _family(made: Any) -> type:
    family: type = type(made)
    return family


def _differs(one: Any, usual: Any) -> bool:
    return bool(one != (list(usual) if isinstance(usual, tuple) else usual))


def _list_text(value: Any) -> str:
    return "*".join(map(_scalar_text, value)) if isinstance(value, list) else _scalar_text(value)


def _read_formula(control: Control, text: str) -> Any:
    name, _, inside = text.partition("(")
    family = FAMILIES[control.family].get(name)
    kinds = {knob.name: knob.kind for knob in knobs(family)}
    told: dict[str, Any] = {"name": name}
    for part in inside.rstrip(")").split(",") if inside.rstrip(")") else ():
        key, _, written = part.partition(":")
        told[key] = _read_as(kinds.get(key, ""), written)
    return told if len(told) > 1 else name


def _read_as(kind: str, written: str) -> Any:
    if kind == "flag":
        return {"1": True, "0": False}.get(written, written)
    return [_scalar(one) for one in written.split("*")] if kind == "numbers" else _scalar(written)


def _write_layers(control: Control, layers: tuple[LayerSetup, ...]) -> str:
    return ",".join(_layer_text(layer) for layer in layers)


def _layer_text(layer: LayerSetup) -> str:
    dropout = f":d{_number_text(layer.dropout)}" if layer.dropout else ""
    return f"{layer.units}:{layer.activation}{dropout}{':bn' if layer.batch_norm else ''}"


def _read_layers(control: Control, text: str) -> Any:
    return [_read_layer(part) for part in text.split(",")] if text else []


def _read_layer(text: str) -> dict[str, Any]:
    units, *more = text.split(":")
    layer: dict[str, Any] = {"units": _scalar(units)}
    for part in more:
        if part == "bn":
            layer["batch_norm"] = True
        elif part[:1] == "d" and part[1:].replace(".", "", 1).isdigit():
            layer["dropout"] = _scalar(part[1:])
        else:
            layer["activation"] = part
    return layer


def _write_places(control: Control, places: tuple[tuple[str, Any], ...]) -> str:
    return ",".join(f"{quote(name, safe='')}:{_typed_text(value)}" for name, value in places)


def _typed_text(value: Any) -> str:
    """Levels behind a mark, so that the level "3" is not the number 3."""
    return f"*{quote(value, safe='')}" if isinstance(value, str) else _scalar_text(value)


def _read_places(control: Control, text: str) -> Any:
    pairs = [part.partition(":")[::2] for part in text.split(",")] if text else []
    return {unquote(name): unquote(value[1:]) if value[:1] == "*" else _scalar(value) for name, value in pairs}


def _plain_text(control: Control, value: Any) -> str:
    return str(value)


def _same_text(control: Control, text: str) -> Any:
    return text


def _write_seed(control: Control, value: Any) -> str:
    return f"*{value}" if isinstance(value, str) else str(value)


def _read_seed(control: Control, text: str) -> Any:
    return text[1:] if text[:1] == "*" else _scalar(text)


NUMBER = Spelling(lambda control, value: _number_text(value), lambda control, text: _scalar(text))
TEXT = Spelling(_plain_text, _same_text)
SPELLINGS: dict[str, Spelling] = {
    "number": NUMBER,
    "whole": NUMBER,
    "flag": Spelling(lambda control, value: _scalar_text(value), _read_flag),
    "choice": TEXT,
    "text": TEXT,
    "seed": Spelling(_write_seed, _read_seed),
    "names": Spelling(_write_names, _read_names),
    "formula": Spelling(_write_formula, _read_formula),
    "layers": Spelling(_write_layers, _read_layers),
    "places": Spelling(_write_places, _read_places),
}

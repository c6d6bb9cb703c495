"""The dictionary of notations: what each quantity of a trace is called, in text, LaTeX and pictures alike.

Matrix forms are written as the lectures write them, with one column per data row: `F = beta + Omega H`. The library stores the
transposes (`coefs_[k]` has one row per source), and so do the rows of a trace; renderers turn them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chainrule.trace.writing.expressions import Letter, letter

# What has letters of its own; everything else (gradients, changes, checks) is made from these in `trace/naming.py`.
# role -> letters of one number and of an array.
Letters = Mapping[str, tuple[Letter, Letter]]
Place = Callable[["Spot"], tuple[str, str]]


@dataclass(frozen=True)
class Spot:
    """Where a letter stands.

    Parameters
    ----------
    role : str
        A key of the letters.
    layer, unit, source : int or None
        As in `Quantity`, from 0.
    widths : tuple of int
        Of the network.
    """

    role: str
    layer: int | None
    unit: int | None
    source: int | None
    widths: tuple[int, ...]

    @property
    def depth(self) -> int:
        """Number of layers."""
        return len(self.widths) - 1

    @property
    def indices(self) -> str:
        """Unit, then source, from 1: the order of the lectures' weights."""
        return joined([place + 1 for place in (self.unit, self.source) if place is not None])

    @property
    def neuron(self) -> str:
        """The layer and unit as Mazur names them: i1, h1, o1; several hidden layers are numbered."""
        unit = "" if self.unit is None else str(self.unit + 1)
        if self.layer is None:
            return f"i{unit}"
        if self.layer == self.depth - 1:
            return f"o{unit}"
        return f"h{unit}" if self.depth <= 2 else f"h{self.layer + 1}" + (f",{unit}" if unit else "")


@dataclass(frozen=True)
class Notation:
    """One way to name the quantities.

    Parameters
    ----------
    name : str
        What users type.
    title : str
        Where it comes from.
    letters : mapping
        Role -> letters of a number and of an array.
    place : callable
        From a `Spot` to the indices below and above the letter.
    delta : bool
        Whether dl/dz has a letter of its own; else it is written as a derivative.
    spoken : bool
        Whether names are words with a place behind them, instead of letters with indices.
    """

    name: str
    title: str
    letters: Letters
    place: Place
    delta: bool = False
    spoken: bool = False


def joined(numbers: list[int]) -> str:
    """Indices one after the other, with commas where that would be misread."""
    return ("" if all(one < 10 for one in numbers) else ",").join(map(str, numbers))


def _pair(one: str, latex: str = "", many: str = "", latex_many: str = "") -> tuple[Letter, Letter]:
    """Letters of a number and of an array."""
    single = letter(one, latex)
    return single, letter(many, latex_many) if many else single


def _said(one: str, many: str = "") -> tuple[Letter, Letter]:
    return letter(one), letter(many or one + "s")


COMMON: Letters = {
    "input": _pair("x", "", "X"),
    "target": _pair("y", "", "Y"),
    "smoothed_target": _pair("ỹ", r"\tilde{y}", "Ỹ", r"\tilde{Y}"),
    "sample_weight": _pair("s"),
    "mask": _pair("d", "", "D"),
    "scale": _pair("γ", r"\gamma"),
    "running_mean": _pair("μ", r"\mu"),
    "running_variance": _pair("σ²", r"\sigma^2"),
    "batch_mean": _pair("μ", r"\mu"),
    "batch_variance": _pair("σ²", r"\sigma^2"),
    "linear": _pair("u", "", "U"),
    "normalized": _pair("û", r"\hat{u}", "Û", r"\hat{U}"),
    "shift": _pair("c"),
    "exponential": _pair("e"),
    "exponential_sum": _pair("Σe", r"\Sigma e"),
    "upstream_mean": _pair("ū", r"\bar{u}"),
    "weight_sum": _pair("S"),
    "row_loss": _pair("ℓ", r"\ell"),
    "delta": _pair("δ", r"\delta", "Δ", r"\Delta"),
}

UDL: Letters = {
    **COMMON,
    "weight": _pair("ω", r"\omega", "Ω", r"\Omega"),
    "bias": _pair("β", r"\beta"),
    "pre_activation": _pair("f", "", "F"),
    "activation": _pair("h", "", "H"),
    "dropped": _pair("h̃", r"\tilde{h}", "H̃", r"\tilde{H}"),
    "loss": _pair("L"),
}

NIELSEN: Letters = {
    **COMMON,
    "weight": _pair("w", "", "W"),
    "bias": _pair("b"),
    "pre_activation": _pair("z", "", "Z"),
    "activation": _pair("a", "", "A"),
    "dropped": _pair("ã", r"\tilde{a}", "Ã", r"\tilde{A}"),
    "loss": _pair("J"),
}

MAZUR: Letters = {
    **COMMON,
    "weight": _pair("w", "", "W"),
    "bias": _pair("b"),
    "input": _pair("i", "", "I"),
    "target": _pair("target", r"\mathrm{target}"),
    "pre_activation": _pair("net", r"\mathrm{net}"),
    "activation": _pair("out", r"\mathrm{out}"),
    "dropped": _pair("kept", r"\mathrm{kept}"),
    "row_loss": _pair("E"),
    "loss": _pair("E"),
}

PLAIN: Letters = {
    "input": _said("input"),
    "target": _said("target"),
    "smoothed_target": _said("smoothed target"),
    "sample_weight": _said("row weight"),
    "mask": _said("dropout factor"),
    "weight": _said("weight"),
    "bias": _said("bias", "biases"),
    "scale": _said("scale"),
    "running_mean": _said("running mean"),
    "running_variance": _said("running variance"),
    "batch_mean": _said("batch mean"),
    "batch_variance": _said("batch variance"),
    "linear": _said("raw sum"),
    "normalized": _said("normalized sum"),
    "pre_activation": _said("sum"),
    "activation": _said("output"),
    "dropped": _said("kept output"),
    "shift": _said("largest sum"),
    "exponential": _said("exponential"),
    "exponential_sum": _said("sum of exponentials"),
    "upstream_mean": _said("mean slope"),
    "weight_sum": _said("total weight"),
    "row_loss": _said("row loss", "row losses"),
    "loss": _said("loss"),
    "delta": _said("slope"),
}

# Their layer counts what leaves it: h_1 = a(f_0).
LEAVING = ("activation", "dropped", "mask")
# They belong to rows of the data or to the whole network, not to a layer.
LAYERLESS = (
    "input", "target", "smoothed_target", "sample_weight", "loss", "row_loss", "weight_sum", "shift", "exponential",
    "exponential_sum", "upstream_mean",
)  # fmt: skip


def _udl(at: Spot) -> tuple[str, str]:
    layer = [] if at.layer is None or at.role in LAYERLESS else [str(at.layer + (at.role in LEAVING))]
    return ",".join([*layer, *([at.indices] if at.indices else [])]), ""


def _nielsen(at: Spot) -> tuple[str, str]:
    layer = "" if at.layer is None or at.role in LAYERLESS else f"({at.layer + 1})"
    return at.indices, layer


def _mazur(at: Spot) -> tuple[str, str]:
    if at.role == "weight" and at.unit is not None and at.source is not None and at.layer is not None:
        earlier = sum(at.widths[k] * at.widths[k + 1] for k in range(at.layer))
        return str(earlier + at.unit * at.widths[at.layer] + at.source + 1), ""
    if at.role in ("loss", "row_loss") and at.unit is None:
        return "total" if at.role == "loss" else "row", ""
    if at.role in ("target", "smoothed_target", "row_loss"):
        return f"o{at.unit + 1}" if at.unit is not None else "", ""
    if at.role == "input":
        return at.indices, ""
    return (at.neuron if at.role in NEURONS or at.layer is not None else at.indices), ""


NEURONS = ("pre_activation", "activation", "dropped", "linear", "normalized", "mask", "delta", "bias", "scale")


def _plain(at: Spot) -> tuple[str, str]:
    if at.role in LAYERLESS or at.layer is None:
        return at.indices, ""
    name = "output" if at.layer == at.depth - 1 else f"layer {at.layer + 1}"
    if at.unit is None:
        return f"of {'the ' if name == 'output' else ''}{name}{' layer' if name == 'output' else ''}", ""
    unit = f"{name} {at.unit + 1}" if name == "output" else f"unit {at.layer + 1}.{at.unit + 1}"
    if at.source is None:
        return f"of {unit}", ""
    below = f"input {at.source + 1}" if at.layer == 0 else f"unit {at.layer}.{at.source + 1}"
    return f"{below} → {unit}", ""


NOTATIONS: dict[str, Notation] = {
    "udl": Notation("udl", "f, h, Ω, β: lecture 000 and Prince, Understanding Deep Learning", UDL, _udl),
    "nielsen": Notation(
        "nielsen", "z, a, W, b, δ: lectures 001 to 003 and Nielsen, Neural Networks", NIELSEN, _nielsen, True
    ),
    "mazur": Notation("mazur", "net, out, E: Mazur's example, cited in lecture 001", MAZUR, _mazur, True),
    "plain": Notation("plain", "plain words", PLAIN, _plain, spoken=True),
}


def get_notation(name: str) -> Notation:
    """The notation of that name.

    Raises
    ------
    ValueError
        If there is none; the message lists them.
    """
    if name not in NOTATIONS:
        raise ValueError(f"unknown notation {name!r}; known are {', '.join(NOTATIONS)}.")
    return NOTATIONS[name]

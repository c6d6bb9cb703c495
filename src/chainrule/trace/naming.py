"""From a quantity to its symbol: letters from the notation's dictionary, gradients and changes made from them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from chainrule.trace.header import Header
from chainrule.trace.notation import Notation, Spot
from chainrule.trace.rows import Quantity, Row
from chainrule.trace.writing import Text
from chainrule.trace.writing import expressions as e

Symbol = e.Expression


@dataclass(frozen=True)
class Names:
    """The symbols of one trace in one notation.

    Parameters
    ----------
    notation : Notation
        The dictionary.
    header : Header
        Of the trace.
    """

    notation: Notation
    header: Header

    def of(self, row: Row) -> Symbol:
        """The symbol of a row."""
        return self.symbol(row.quantity)

    def symbol(self, quantity: Quantity) -> Symbol:
        """The symbol of a quantity."""
        return SYMBOLS[quantity.kind](self, quantity)

    def input_name(self, unit: int) -> str:
        """The user's name of an input; empty where it would only count."""
        return _own_name(self.header.input_names, unit, f"x{unit}")

    def output_name(self, unit: int) -> str:
        """The user's name of an output; empty where it would only count."""
        return _own_name(self.header.output_names, unit, f"output {unit}")

    def letter(self, role: str, at: Quantity, array: bool | None = None) -> Symbol:
        """A letter of the notation with its places."""
        many = self.is_array(at) if array is None else array
        spot = Spot(role, at.layer, at.unit, at.source, self.header.widths)
        one, capital = self.notation.letters[role]
        sub, sup = self.notation.place(spot)
        row = "" if at.row is None or self.header.rows == 1 else f"⟨{at.row + 1}⟩"
        if self.notation.spoken:
            told = (capital if many and role not in ONE_NUMBER else one).text
            return e.words(" ".join(part for part in (told, sub, row and f"in row {row[1:-1]}") if part))
        # A single data row makes vectors, which the lectures write small; weights are matrices always.
        matrix = many and (role == "weight" or (self.header.rows > 1 and role not in VECTORS))
        return e.Symbol(capital if matrix else one, sub, sup + row, bold=many)

    def is_array(self, at: Quantity) -> bool:
        """Whether it is a whole layer's quantity."""
        return at.unit is None and at.kind not in ONE_NUMBER and at.kind not in ("loss_term", "head_loss")

    def row_loss(self, at: Quantity) -> Symbol:
        """The loss of a data row; with one row and no penalty it is the loss."""
        header = self.header
        role = "loss" if header.single and not header.decayed and not header.l1 else "row_loss"
        return self.letter(role, Quantity(role, row=at.row), array=False)

    def seen(self, at: Quantity) -> Symbol:
        """What the next layer sees of a layer or unit."""
        role = "dropped" if at.layer in self.header.masked else "input" if at.layer is None else "activation"
        return self.letter(role, at)

    def delta(self, at: Quantity) -> Symbol:
        """dl/dz."""
        if self.notation.delta:
            return self.letter("delta", at)
        return self.derivative(self.row_loss(at), self.letter("pre_activation", at))

    def through(self, at: Quantity) -> Symbol:
        """The unit of the next layer that a path goes through."""
        above = 0 if at.layer is None else at.layer + 1
        return self.letter("pre_activation", Quantity("pre_activation", above, at.source, row=at.row))

    def derivative(self, of: Symbol, by: Symbol) -> Symbol:
        """How much one quantity changes with another."""
        if not self.notation.spoken:
            return e.Derivative(of, by)
        write = Text().write
        return e.words(f"slope of {write(of)} by {write(by)}")

    def parameter(self, at: Quantity) -> Symbol:
        """The parameter that a gradient, state or change belongs to."""
        if not at.of:
            return e.words("θ")
        return self.symbol(replace(at, kind=at.of, of="", name="", row=None))

    def slope(self, at: Quantity) -> Symbol:
        """dJ/d(parameter)."""
        return self.derivative(self.loss(), self.parameter(at))

    def loss(self) -> Symbol:
        """The objective."""
        return self.letter("loss", Quantity("loss"), array=False)

    def data_loss(self, at: Quantity) -> Symbol:
        """The objective without penalties."""
        return e.Tagged(self.loss(), e.words("data"))

    def head(self, at: Quantity) -> Symbol:
        """The loss of one head of a data row."""
        return e.Tagged(self.row_loss(at), e.words(f"head {int(at.name or 0) + 1}"))

    def term(self, at: Quantity) -> Symbol:
        """What one output adds to the loss of a data row."""
        if self.notation.spoken:
            return e.words(f"loss of output {(at.unit or 0) + 1}" + _in_row(self, at))
        return self.letter("row_loss", replace(at, layer=None, kind="loss_term"), array=False)


# One number for the whole network or a group of outputs.
ONE_NUMBER = ("loss", "shift", "exponential_sum", "upstream_mean", "weight_sum", "row_loss")
# One number per unit or data row, whatever the number of rows.
VECTORS = (
    "bias", "scale", "running_mean", "running_variance", "batch_mean", "batch_variance", "sample_weight", "row_loss"
)  # fmt: skip
# Solvers' vectors that have letters; others are called by their names.
STATES = ("m", "v", "d")


def _own_name(names: tuple[str, ...], unit: int, counted: str) -> str:
    return names[unit] if unit < len(names) and names[unit] != counted else ""


def _in_row(names: Names, at: Quantity) -> str:
    return f" in row {at.row + 1}" if at.row is not None and names.header.rows > 1 else ""


def _letter(role: str) -> Callable[[Names, Quantity], Symbol]:
    return lambda names, at: names.letter(role, at)


def _number(role: str) -> Callable[[Names, Quantity], Symbol]:
    """A number of one group of outputs, whose number is in the name."""

    def symbol(names: Names, at: Quantity) -> Symbol:
        plain = names.letter(role, at, array=False)
        several = len(names.header.groups) > 1 and at.name
        return e.Tagged(plain, e.words(f"head {int(at.name) + 1}")) if several else plain

    return symbol


def _state(names: Names, at: Quantity) -> Symbol:
    told = e.Symbol(e.letter(at.name)) if at.name in STATES and not names.notation.spoken else e.words(at.name)
    return e.Indexed(told, names.parameter(at))


def _tagged(remark: str) -> Callable[[Names, Quantity], Symbol]:
    """A parameter on its way through the step."""
    return lambda names, at: e.Tagged(names.parameter(at), e.words(remark))


def _clipped(remark: str) -> Callable[[Names, Quantity], Symbol]:
    return lambda names, at: e.Tagged(names.slope(at), e.words(remark))


def _named(name: str) -> Callable[[Names, Quantity], Symbol]:
    return lambda names, at: e.Indexed(e.words(name), names.parameter(at))


def _running(role: str) -> Callable[[Names, Quantity], Symbol]:
    return lambda names, at: e.Tagged(names.letter(role, at), e.words("running"))


def _path(names: Names, at: Quantity) -> Symbol:
    here = names.seen(replace(at, source=None))
    return e.Tagged(names.derivative(names.row_loss(at), here), e.times(e.words("via"), names.through(at), sign=""))


def _moved(sign: str) -> Callable[[Names, Quantity], Symbol]:
    """The objective with one parameter a little off."""

    def symbol(names: Names, at: Quantity) -> Symbol:
        place, step = names.parameter(at), e.Symbol(e.letter("ε", r"\varepsilon"))
        return e.Indexed(names.loss(), e.plus(place, step) if sign == "+" else e.minus(place, step))

    return symbol


def _corrected(names: Names, at: Quantity) -> Symbol:
    return e.Symbol(e.letter("η", r"\eta"), "t" if at.layer is None else f"t,{at.layer}")


SYMBOLS: dict[str, Callable[[Names, Quantity], Symbol]] = {
    "input": _letter("input"),
    "target": _letter("target"),
    "sample_weight": _letter("sample_weight"),
    "weight": _letter("weight"),
    "bias": _letter("bias"),
    "scale": _letter("scale"),
    "running_mean": _running("running_mean"),
    "running_variance": _running("running_variance"),
    "mask": _letter("mask"),
    "state": _state,
    "linear": _letter("linear"),
    "batch_mean": _letter("batch_mean"),
    "batch_variance": _letter("batch_variance"),
    "normalized": _letter("normalized"),
    "pre_activation": _letter("pre_activation"),
    "shift": _number("shift"),
    "exponential": lambda names, at: names.letter("exponential", replace(at, layer=None)),
    "exponential_sum": _number("exponential_sum"),
    "activation": _letter("activation"),
    "dropped": lambda names, at: (
        e.Tagged(names.letter("input", at), e.words("kept")) if at.layer is None else names.letter("dropped", at)
    ),
    "weight_sum": _letter("weight_sum"),
    "smoothed_target": _letter("smoothed_target"),
    "loss_term": Names.term,
    "head_loss": Names.head,
    "row_loss": lambda names, at: (
        names.row_loss(at) if at.row is not None or names.header.rows == 1 else names.letter("row_loss", at)
    ),
    "data_loss": Names.data_loss,
    "l2_penalty": lambda names, at: e.Tagged(names.loss(), e.words("L2")),
    "l1_penalty": lambda names, at: e.Tagged(names.loss(), e.words("L1")),
    "loss": lambda names, at: names.loss(),
    "activation_gradient": lambda names, at: names.derivative(names.row_loss(at), names.seen(at)),
    "unscaled_gradient": lambda names, at: names.derivative(names.head(at), names.letter("activation", at)),
    "unscaled_delta": lambda names, at: names.derivative(names.head(at), names.letter("pre_activation", at)),
    "upstream_mean": _number("upstream_mean"),
    "path": _path,
    "undropped_gradient": lambda names, at: names.derivative(
        names.row_loss(at), names.letter("input" if at.layer is None else "activation", at)
    ),
    "slope": lambda names, at: names.derivative(names.letter("activation", at), names.letter("pre_activation", at)),
    "unweighted_delta": lambda names, at: e.Tagged(names.delta(at), e.words("unweighted")),
    "delta": Names.delta,
    "delta_sum": lambda names, at: e.Total(names.delta(at)),
    "delta_product_sum": lambda names, at: e.Total(e.times(names.delta(at), names.letter("normalized", at))),
    "linear_delta": lambda names, at: names.derivative(names.row_loss(at), names.letter("linear", at)),
    "row_gradient": lambda names, at: names.derivative(names.row_loss(at), names.parameter(at)),
    "data_gradient": lambda names, at: names.derivative(names.data_loss(at), names.parameter(at)),
    "penalty_gradient": lambda names, at: names.derivative(e.Tagged(names.loss(), e.words("L2")), names.parameter(at)),
    "gradient": Names.slope,
    "gradient_norm": lambda names, at: e.Fenced(names.derivative(names.loss(), e.words("θ")), "‖"),
    "norm_clipped": _clipped("shortened"),
    "value_clipped": _clipped("clipped"),
    "corrected_rate": _corrected,
    "state_after": lambda names, at: e.Primed(_state(names, at)),
    "direction": _named("direction"),
    "step_length": lambda names, at: e.words("step length"),
    "decayed": _tagged("decayed"),
    "change": lambda names, at: e.Change(names.parameter(at)),
    "stepped": _tagged("stepped"),
    "speed": _named("speed"),
    "shrunk": _tagged("shrunk"),
    "incoming_norm": lambda names, at: e.Fenced(names.letter("weight", replace(at, of="", source=None)), "‖"),
    "new": lambda names, at: e.Primed(names.parameter(at)),
    "loss_ahead": _moved("+"),
    "loss_behind": _moved("-"),
    "numeric_gradient": _clipped("numeric"),
    "relative_error": _named("error"),
    "largest_error": lambda names, at: e.words("largest relative error"),
    "new_loss": lambda names, at: e.Primed(names.loss()),
    "predicted_change": lambda names, at: e.Tagged(e.Change(names.loss()), e.words("predicted")),
    "actual_change": lambda names, at: e.Change(names.loss()),
}

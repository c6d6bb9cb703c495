"""From the options of `chainrule train` to parameters of the estimator; options that contradict each other are refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import typer

from chainrule.cli.formulas import built
from chainrule.cli.options import widths

# Options that stand for themselves: parameter of the estimator -> option.
OPTIONS = {
    "activation": "--activation",
    "output_activation": "--output-activation",
    "batch_norm": "--batch-norm",
    "init": "--init",
    "loss": "--loss",
    "solver": "--solver",
    "max_iter": "--epochs",
    "learning_rate_init": "--learning-rate",
    "learning_rate": "--schedule",
    "momentum": "--momentum",
    "batch_size": "--batch-size",
    "class_weight": "--class-weight",
    "clip_norm": "--clip-norm",
    "clip_value": "--clip-value",
    "alpha": "--alpha",
    "l2": "--l2",
    "l1": "--l1",
    "weight_decay": "--weight-decay",
    "max_norm": "--max-norm",
    "layer_rates": "--layer-rates",
    "dropout": "--dropout",
    "early_stopping": "--early-stopping",
    "n_iter_no_change": "--patience",
    "tol": "--tol",
    "scoring": "--scoring",
    "validation_fraction": "--validation-fraction",
    "n_threads": "--threads",
    "engine": "--engine",
    "dtype": "--dtype",
}
# Lists by layer: how many entries more than hidden layers at least and at most, in words.
LISTS = {
    "activation": (0, 0, "{layers}"),
    "dropout": (0, 1, "{layers}, or {more} with the inputs' first"),
    "layer_rates": (1, 1, "{more}, the output layer's last"),
}


def parameters(given: Mapping[str, Any]) -> dict[str, Any]:
    """The estimator's parameters for these options, by the names of the command's parameters."""
    by_option = {option[2:].replace("-", "_"): name for name, option in OPTIONS.items()}
    found = {by_option[option]: value for option, value in given.items() if option in by_option and value is not None}
    if found.pop("class_weight", None):
        found["class_weight"] = class_weight(given["class_weight"])
    if given.get("warmup") is not None:
        found["learning_rate"] = with_warmup(found.get("learning_rate"), given["warmup"])
    if given.get("label_smoothing") is not None:
        found["loss"] = smoothed(found.get("loss"), given["label_smoothing"])
    if "momentum" in found and found.setdefault("solver", "sgd") != "sgd":
        raise wrong("is for the solver sgd; leave out one or the other.", "momentum", "solver")
    check_layers(found, given.get("hidden"))
    check_lbfgs(found, {"learning_rate": "--warmup"} if given.get("schedule") is None else {})
    return found


def wrong(message: str, *names: str) -> typer.BadParameter:
    """A usage error that names the options."""
    return typer.BadParameter(message, param_hint=" / ".join(f"'{OPTIONS.get(name, name)}'" for name in names))


def class_weight(texts: list[str]) -> str | dict[str, float]:
    """``balanced``, or weights by the text of the class."""
    if texts == ["balanced"]:
        return "balanced"
    found: dict[str, float] = {}
    for text in texts:
        label, equals, weight = text.rpartition("=")
        if not equals or label in found:
            raise wrong(f"{text!r}: expected balanced, or CLASS=NUMBER once for each class.", "class_weight")
        try:
            found[label] = float(weight)
        except ValueError:
            found[label] = -1
        if not 0 <= found[label] < float("inf"):
            raise wrong(f"{text!r}: expected a number of 0 or above after the class.", "class_weight")
    return found


def with_warmup(schedule: Any, epochs: float) -> Any:
    """The schedule, constant if there is none, with that warm-up."""
    from dataclasses import replace

    from chainrule.formulas.schedules import Constant

    return replace(Constant() if schedule is None else schedule, warmup=epochs)


def smoothed(loss: Any, share: float) -> Any:
    """Cross-entropy with label smoothing."""
    from chainrule.formulas.losses import LogLoss

    if loss not in (None, "log_loss"):
        raise wrong("is for the loss log_loss; leave out one or the other.", "--label-smoothing", "loss")
    return built(LogLoss, label_smoothing=share)


def check_layers(found: Mapping[str, Any], hidden: str | None) -> None:
    """Lists need one entry per hidden layer, and so the hidden layers."""
    for name, (least, most, also) in LISTS.items():
        value = found.get(name)
        if not isinstance(value, list):
            continue
        count = _counted(len(value), "value")
        if hidden is None:
            raise wrong(f"{count}, one per layer, need --hidden with the units of each layer.", name)
        layers = len(widths(hidden))
        if not layers + least <= len(value) <= layers + most:
            expected = also.format(layers=layers, more=layers + 1)
            raise wrong(f"{count} for {_counted(layers, 'hidden layer')}; expected {expected}.", name)
    if hidden is not None and not widths(hidden) and isinstance(found.get("dropout"), float):
        raise wrong("there is no hidden layer whose units could be left out.", "dropout", "--hidden")


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" + "s" * (number != 1)


def check_lbfgs(found: Mapping[str, Any], instead: Mapping[str, str]) -> None:
    """Refuse what lbfgs has no use for, if lbfgs is asked for."""
    from chainrule.estimators.parameters import is_stochastic
    from chainrule.tables.settings import stepwise

    if "solver" in found and not is_stochastic(found["solver"]) and (names := stepwise(found)):
        raise wrong(
            "--solver lbfgs has no use for it; leave out one or the other.",
            *(instead.get(name, name) for name in names),
        )

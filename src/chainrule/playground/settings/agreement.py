"""What in a setup does not go together is changed, and a note says so: the page is never left with a network that cannot run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

from chainrule.formulas.activations import get_activation
from chainrule.formulas.losses import get_loss
from chainrule.formulas.schedules import Constant, Course
from chainrule.formulas.solvers import SGD
from chainrule.playground.data.rows import Data
from chainrule.playground.settings.families import name_of
from chainrule.playground.settings.features import FEATURES, features_for, plain_features
from chainrule.playground.settings.limits import LIMITS
from chainrule.playground.settings.setup import Note, Setup
from chainrule.playground.training.building import is_fit_for, loss_of, output_of
from chainrule.training.settings import STEPWISE, changes_rates

# Epochs of a schedule that has an end, where nobody has said how many.
COURSE = 200


def agreed(setup: Setup, data: Data) -> tuple[Setup, list[Note]]:
    """The setup with everything changed that cannot be as it is."""
    notes: list[Note] = []
    for rule in RULES:
        setup = rule(setup, data, notes)
    return setup, notes


def _names(setup: Setup, data: Data, notes: list[Note]) -> Setup:
    """The name and seed that the data were made with: links have texts as seeds, toys numbers."""
    asked = setup.data
    if asked.source not in ("toy", "rival"):
        return setup
    seed = 0 if asked.source == "toy" and isinstance(asked.seed, str) else asked.seed
    return (
        setup
        if (asked.name, asked.seed) == (data.name, seed)
        else replace(setup, data=replace(asked, name=data.name, seed=seed))
    )


def _features(setup: Setup, data: Data, notes: list[Note]) -> Setup:
    if data.encode is not None or data.dimension > 2:
        return setup
    allowed = features_for(data.dimension)
    kept = tuple(name for name in FEATURES if name in setup.network.features and name in allowed)
    if not kept:
        kept = plain_features(data.dimension)
    gone = [name for name in setup.network.features if name not in allowed]
    if gone and data.dimension == 1 and setup.network.features != plain_features(2):
        notes.append(Note("info", "network.features", f"on a line there is no {gone[0]}."))
    return replace(setup, network=replace(setup.network, features=kept))


def _compat(setup: Setup, data: Data, notes: list[Note]) -> Setup:
    if not setup.run.compat or data.start is not None:
        return setup
    notes.append(
        Note("info", "run.compat", "only data of playground.tensorflow.org are computed as there; turned off.")
    )
    return replace(setup, run=replace(setup.run, compat=False))


def _as_there(setup: Setup, data: Data, notes: list[Note]) -> Setup:
    """What the other playground does not have is off while this one computes as it does."""
    if not setup.run.compat:
        return setup
    output = "tanh" if data.task == "classification" else "identity"
    layers = tuple(replace(layer, dropout=0.0, batch_norm=False) for layer in setup.network.layers)
    network = replace(setup.network, layers=layers, loss="squared_error", output=output, input_dropout=0.0)
    training = replace(
        setup.training,
        solver=SGD(momentum=0.0, nesterov=False),
        shuffle=False,
        alpha=0.0,
        weight_decay=0.0,
        max_norm=None,
        clip_norm=None,
        clip_value=None,
    )
    same = replace(setup, network=network, training=training)
    if same != setup:
        told = "computed as TensorFlow Playground does: squared error, plain gradient descent, fixed order; the rest is off."
        notes.append(Note("info", "run.compat", told))
    return same


def _loss(setup: Setup, data: Data, notes: list[Note]) -> Setup:
    asked = setup.network
    name = None if asked.loss is None else name_of(asked.loss)
    if name is None or is_fit_for(name, data.task):
        return setup
    notes.append(Note("info", "network.loss", f"{name} is not for {data.task}; the usual loss is taken."))
    return replace(setup, network=replace(asked, loss=None, output=None))


def _output(setup: Setup, data: Data, notes: list[Note]) -> Setup:
    asked = setup.network
    if asked.output is None:
        return setup
    try:
        get_loss(loss_of(asked, data.task)).check_output(get_activation(asked.output))
    except ValueError as error:
        notes.append(Note("info", "network.output", f"{error} The natural one is taken."))
        return replace(setup, network=replace(asked, output=None))
    return setup


def _usual_names(setup: Setup, data: Data, notes: list[Note]) -> Setup:
    """What is asked for by name but is the natural one anyway stays; the output is checked for trainability by the training."""
    output = output_of(setup.network, data)
    if (
        get_activation(output).untrainable
        and get_loss(loss_of(setup.network, data.task)).fused(get_activation(output)) is None
    ):
        notes.append(
            Note("info", "network.output", f"{output} cannot be trained with this loss; the natural one is taken.")
        )
        return replace(setup, network=replace(setup.network, output=None))
    return setup


def _batch(setup: Setup, data: Data, notes: list[Note]) -> Setup:
    rows, asked = len(data.train), setup.training
    size = min(asked.batch_size, rows)
    if size != asked.batch_size:
        notes.append(
            Note("info", "training.batch_size", f"there are {rows:,} rows to train on; a batch is all of them.")
        )
    if any(layer.batch_norm for layer in setup.network.layers):
        size = _without_singles(size, rows, notes)
    return setup if size == asked.batch_size else replace(setup, training=replace(asked, batch_size=size))


def _without_singles(size: int, rows: int, notes: list[Note]) -> int:
    found = size
    while found < rows and (found == 1 or rows % found == 1):
        found += 1
    if found != size:
        told = f"batch normalisation needs two rows in every batch: batches of {found}."
        notes.append(Note("info", "training.batch_size", told))
    return found


def _whole_batch_solver(setup: Setup, data: Data, notes: list[Note]) -> Setup:
    """A solver on the whole batch knows no steps: what belongs to them is off."""
    asked, network = setup.training, setup.network
    if asked.solver.stochastic:
        return setup
    off: dict[str, Any] = {"l1": 0.0, "weight_decay": 0.0, "max_norm": None, "clip_norm": None, "clip_value": None}
    used = [name for name in STEPWISE if name in off and getattr(asked, name) != off[name]]
    masked = network.input_dropout > 0 or any(layer.dropout or layer.batch_norm for layer in network.layers)
    if changes_rates(asked.schedule):
        off["schedule"] = Constant()
        used.append("schedule")
    if not used and not masked:
        return setup
    names = [*used, *(["dropout and batch normalisation"] if masked else [])]
    told = f"{asked.solver.name} goes by all rows at once, without single steps; turned off: {', '.join(names)}."
    notes.append(Note("info", "training.solver", told))
    layers = tuple(replace(layer, dropout=0.0, batch_norm=False) for layer in network.layers)
    return replace(
        setup,
        training=replace(asked, **{name: off[name] for name in used}),
        network=replace(network, layers=layers, input_dropout=0.0),
    )


def _clip(setup: Setup, data: Data, notes: list[Note]) -> Setup:
    asked = setup.training
    if asked.clip_value is None or asked.clip_value > asked.l1:
        return setup
    notes.append(Note("info", "training.clip_value", "below the L1 penalty no gradient would count; turned off."))
    return replace(setup, training=replace(asked, clip_value=None))


def _course(setup: Setup, data: Data, notes: list[Note]) -> Setup:
    schedule = setup.training.schedule
    if not isinstance(schedule, Course) or schedule.epochs is not None:
        return setup
    notes.append(Note("info", "training.schedule", f"{schedule.name} needs a length: {COURSE} epochs."))
    return replace(setup, training=replace(setup.training, schedule=replace(schedule, epochs=COURSE)))


def _size(setup: Setup, data: Data, notes: list[Note]) -> Setup:
    """Not more parameters than a page can hold: the widest layers become narrower."""
    inputs = len(setup.network.features) if data.encode is None and data.dimension <= 2 else data.dimension
    layers = list(setup.network.layers)

    def count() -> int:
        widths = [inputs, *(layer.units for layer in layers), max(len(data.classes), 1)]
        return sum((before + 1) * after for before, after in pairwise(widths))

    before = count()
    while layers and count() > LIMITS.parameters:
        widest = max(range(len(layers)), key=lambda place: layers[place].units)
        if layers[widest].units == 1:
            break
        layers[widest] = replace(layers[widest], units=max(1, layers[widest].units // 2))
    if count() == before:
        return setup
    told = f"{before:,} parameters are more than {LIMITS.parameters:,}; the widest layers became narrower."
    notes.append(Note("repaired", "network.layers", told))
    return replace(setup, network=replace(setup.network, layers=tuple(layers)))


RULES: tuple[Callable[[Setup, Data, list[Note]], Setup], ...] = (
    _names,
    _features,
    _size,
    _compat,
    _as_there,
    _loss,
    _output,
    _usual_names,
    _whole_batch_solver,
    _batch,
    _clip,
    _course,
)

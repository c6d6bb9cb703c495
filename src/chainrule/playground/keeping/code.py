"""Python code that does a run again, to the bit: with the library's functions where they can say it, else as a session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from itertools import groupby
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.engines.native import kernels
from chainrule.formulas.lookup import Array
from chainrule.network import Network
from chainrule.playground.data.source import Source
from chainrule.playground.settings.families import formula_to_plain
from chainrule.playground.settings.setup import Setup, every_field
from chainrule.playground.training.building import Built
from chainrule.playground.training.course import Event
from chainrule.playground.training.equipment import settings_of

if TYPE_CHECKING:
    from chainrule.playground.session import Session

PENALTIES = ("alpha", "l2", "l1", "weight_decay", "max_norm", "clip_norm", "clip_value")
MOST_NUMBERS = 5000


def python_code(session: Session) -> str:
    """A script that ends with the same parameters in `theta`."""
    return _session_code(session) if _needs_session(session) else _library_code(session)


def _needs_session(session: Session) -> bool:
    """Whether a part of the run is beyond what `train` does: epochs begun, another playground's ways, tables, painted weights."""
    run, data = session.run, session.data
    if session.setup.run.compat or session.source is not None or run.learner.begun or data.start is not None:
        return True
    if run.sampled or any(event.begun for event in run.events):
        return True
    return any(
        event.theta is not None and event.edit is None and event.theta.size > MOST_NUMBERS for event in run.events
    )


# -- with the library's functions


def _library_code(session: Session) -> str:
    run = session.run
    first = run.first
    names: set[str] = {"train"}
    body = [*_data_code(first.setup, first.built, names), ""]
    body += [
        *_network_code(first.built.network, names),
        _start_code(first.setup, names),
    ]
    body += _course(run, first.setup, first.built, names)
    checks = _results(session)
    return "\n".join([_header(session), *_imports(names), "", *body, "", *checks, ""])


def _header(session: Session) -> str:
    return (
        f'"""A run from the playground of chainrule: {session.data.name}, {session.run.learner.epochs} epochs.\n\n'
        f"It ends with the same parameters, to the last bit, on the same engine ({session.run.engine.name}"
        + (f", {kernels()} kernels" if session.run.engine.name == "native" else "")
        + ').\n"""'
    )


def _imports(names: set[str]) -> list[str]:
    """Import lines for everything the code names."""
    lines = ["from dataclasses import replace\n"] if "replace" in names else []
    lines += ["import numpy as np"]
    homes = {
        "chainrule.datasets.toys": {"make_toy"},
        "sklearn.model_selection": {"train_test_split"},
        "chainrule": {"Dense", "Network", "train"} | {name for name in names if name[:1].isupper()},
    }
    for home, own in homes.items():
        used = sorted(own & (names | {"Dense", "Network"}), key=lambda name: (name[0].islower(), name))
        if used:
            lines.append(f"from {home} import {', '.join(used)}")
    return lines


def _data_code(setup: Setup, built: Built, names: set[str]) -> list[str]:
    asked, data = setup.data, built.data
    if asked.source == "toy":
        names.add("make_toy")
        lines = [
            f"sample = make_toy({data.name!r}, {asked.n}, {asked.noise!r}, {asked.seed if isinstance(asked.seed, int) else 0})",
            "points, labels = sample.X, sample.y",
        ]
    else:
        lines = [f"points = np.array({data.X.tolist()!r})", f"labels = np.array({data.y.tolist()!r})"]
    lines += _split_code(setup, built, names)
    lines += _feature_code(built)
    lines += _target_code(built)
    if setup.run.dtype != "float64":
        lines.append(f"X, Y = X.astype(np.{setup.run.dtype}), Y.astype(np.{setup.run.dtype})")
    return lines


def _split_code(setup: Setup, built: Built, names: set[str]) -> list[str]:
    data, asked = built.data, setup.data
    if not len(data.test):
        return [f"rows = np.arange({data.rows})"]
    names.add("train_test_split")
    told = f"train_size={len(data.train)}, random_state={asked.split_seed}"
    told += ", stratify=labels" if data.split.startswith("every class") else ""
    return [f"rows, held = train_test_split(np.arange({data.rows}), {told})", "rows = np.sort(rows)"]


def _feature_code(built: Built) -> list[str]:
    from chainrule.playground.keeping.numpy_code import FORMULAS

    columns = ", ".join(FORMULAS[name].replace("X[", "points[") for name in built.features)
    lines = [f"X = np.column_stack([{columns}])" if built.features else "X = points"]
    if built.centre.any() or (built.spread != 1).any():
        lines.append("spread = X[rows].std(axis=0)")
        lines.append("X = (X - X[rows].mean(axis=0)) / np.where(spread > 0, spread, 1.0)")
    return lines


def _target_code(built: Built) -> list[str]:
    data, network = built.data, built.network
    if data.task == "regression":
        return ["Y = labels[:, None]"]
    codes = "labels[:, None].astype(float)" if network.outputs == 1 else f"np.eye({len(data.classes)})[labels]"
    return [f"Y = 2 * {codes} - 1" if built.signed else f"Y = {codes}"]


def _network_code(network: Network, names: set[str]) -> list[str]:
    layers = ", ".join(_layer(layer) for layer in network.layers)
    dropped = f", input_dropout={network.input_dropout!r}" if network.input_dropout else ""
    return [f"network = Network({network.inputs}, [{layers}], {_formula(network.loss, names)}{dropped})"]


def _start_code(setup: Setup, names: set[str]) -> str:
    how = _formula(setup.network.initializer, names)
    return f"theta = network.init({setup.network.seed}, {how}{_dtype(setup)})"


def _layer(layer: Any) -> str:
    more = f", dropout={layer.dropout!r}" if layer.dropout else ""
    more += ", batch_norm=True" if layer.batch_norm else ""
    return f"Dense({int(layer.units)}, {layer.function.name!r}{more})"


def _formula(made: Any, names: set[str]) -> str:
    """A formula as the call that makes it."""
    if isinstance(made, str):
        return repr(made)
    names.add(type(made).__name__)
    told = ", ".join(f"{field.name}={getattr(made, field.name)!r}" for field in fields(made))
    return f"{type(made).__name__}({told})"


def _dtype(setup: Setup) -> str:
    return "" if setup.run.dtype == "float64" else f", np.{setup.run.dtype}"


def _course(run: Any, setup: Setup, built: Built, names: set[str]) -> list[str]:
    """One call of `train` for every stretch between two changes."""
    lines: list[str] = []
    done, resumed, resume = 0, False, "training.state"
    for event in [*run.events, None]:
        until = run.learner.epochs if event is None else event.epochs
        if until > done:
            lines += _train_code(setup, built, until - done, resume if resumed else "", names)
            resume = "training.state"
            done, resumed = until, True
        if event is not None:
            lines += _event_code(event, built, names)
            if (
                event.theta is not None and event.theta.size != built.network.n_parameters
            ) or event.setup.run.dtype != setup.run.dtype:
                names.add("replace")
                resume = "replace(training.state, solver_state={}, t=0, carried=0.0)"
            setup, built = event.setup, event.built
    return lines


def _event_code(event: Event, before: Built, names: set[str]) -> list[str]:
    lines = [f"# after epoch {event.epochs}"]
    if event.edit is not None:
        kind, layer, unit, source, value = event.edit
        place = f"b[{layer}][{unit}]" if kind == "bias" else f"W[{layer}][{source}, {unit}]"
        return [*lines, f"network.views(theta).{place} = {value!r}"]
    if event.built.network != before.network:
        lines += _network_code(event.built.network, names)
    if event.built.names != before.names:
        lines += _feature_code(event.built)
    if event.built.X.dtype != before.X.dtype:
        name = event.built.X.dtype.name
        lines.append(f"X, Y, theta = X.astype(np.{name}), Y.astype(np.{name}), theta.astype(np.{name})")
    if event.theta is not None:
        lines.append(f"theta = {_array(event.theta)}")
    return lines if len(lines) > 1 else []


def _array(theta: Array) -> str:
    dtype = "" if theta.dtype == np.float64 else f", np.{theta.dtype.name}"
    return f"np.array({theta.tolist()!r}{dtype})"


def _train_code(setup: Setup, built: Built, epochs: int, resume: str, names: set[str]) -> list[str]:
    asked, settings = setup.training, settings_of(setup, built)
    told = {
        "solver": _formula(asked.solver, names),
        "learning_rate": _formula(asked.schedule, names),
        "learning_rate_init": repr(asked.learning_rate),
        "batch_size": repr(asked.batch_size),
        **({} if asked.shuffle else {"shuffle": "False"}),
        **{name: repr(getattr(asked, name)) for name in PENALTIES if getattr(asked, name) not in (0, None)},
        "max_iter": repr(epochs),
        "random_state": repr(asked.seed),
        "tol": repr(settings.tol),
        "n_iter_no_change": "np.inf" if settings.n_iter_no_change == np.inf else repr(settings.n_iter_no_change),
        "engine": repr(setup.run.engine),
        **({"resume": resume} if resume else {}),
    }
    lines = [f"    {name}={value}," for name, value in told.items()]
    return [
        "training = train(",
        "    network, theta, X[rows], Y[rows],",
        *lines,
        ")",
        "training.run()",
        "theta = training.theta",
    ]


def _results(session: Session) -> list[str]:
    return ['print(f"loss on the rows trained on: {network.loss_and_gradient(theta, X[rows], Y[rows])[0]:.6g}")']


# -- as the session did


# The user's own data are not written into code; what stands for them must be the same, which the digest shows.
SOURCES: dict[str, Callable[[Source], list[str]]] = {
    "a file": lambda source: [f"source = Source.from_path({source.name!r})", _same(source)],
    "arrays": lambda source: [
        "# X, y: what the playground was opened with; define them first.",
        "source = Source.from_arrays(X, y" + (f", {source.names!r})" if source.table is None else ")"),
        _same(source),
    ],
    "a model": lambda source: [
        "# model, X, y: what the playground was opened with; define them first (X and y are None where there were none).",
        "source = Source.from_model(model, X, y)",
        _same(source),
    ],
}


def _same(source: Source) -> str:
    return f'assert source.digest == {source.digest!r}, "these are other data than those of the run"'


def _session_code(session: Session) -> str:
    """Through a session: what has no words in `train` is said by the same actions as on the page."""
    run, source = session.run, session.source
    setup = run.first.setup
    lines = [
        _header(session),
        "from chainrule.playground import Session, Setup" + (", Source" if source is not None else ""),
        "",
        f"setup, _ = Setup.from_plain({_without_view(setup)!r})",
    ]
    if source is not None:
        lines += SOURCES[source.given](source)
    lines += [f"session = Session(setup{', source' if source is not None else ''})"]
    lines += GO
    for (kind, told), same in groupby(run.actions(), key=lambda action: (action[0], _repeated(action))):
        lines += _actions_code(kind, told, list(same))
    lines += [
        "theta = session.run.learner.theta",
        "print(session.frame({'metrics': True}).header['metrics']['train_loss'])",
        "",
    ]
    return "\n".join(lines)


GO = (
    "",
    "",
    "def until(epoch):",
    "    while session.run.learner.epochs < epoch:",
    "        session.proceed()",
    "        session.advance(epoch - session.run.learner.epochs)",
    "",
    "",
)


def _without_view(setup: Setup) -> dict[str, Any]:
    """A setup as plain data, without conditions that would stop the run."""
    plain = setup.to_plain()
    plain.pop("view")
    plain["run"] = {name: value for name, value in plain["run"].items() if name != "until"}
    return plain


def _repeated(action: tuple[str, Any]) -> bool:
    """Whether an action is the same each time."""
    return action[0] in ("batch", "sample")


def _actions_code(kind: str, repeated: bool, actions: list[tuple[str, Any]]) -> list[str]:
    if repeated and len(actions) > 2:
        return [f"for _ in range({len(actions)}):", f"    session.step({kind!r})"]
    return [_action_code(action) for action in actions]


def _action_code(action: tuple[str, Any]) -> str:
    kind, told = action
    if kind == "change":
        before, after = told
        return f"session.change({_difference(before, after)!r})"
    if kind == "edit":
        name, layer, unit, source, value = told
        more = f", source={source}" if name == "weight" else ""
        return f"session.edit({name!r}, {layer}, {unit}, {value!r}{more})"
    return f"until({told})" if kind == "advance" else f"session.step({kind!r})"


def _difference(before: Setup, after: Setup) -> dict[str, Any]:
    """The fields that differ, by path, as plain data."""
    old = {path: value for path, _, value in every_field(before)}
    found = {}
    for path, control, value in every_field(after):
        if value == old[path] or path.startswith("view.") or path.startswith("run.until"):
            continue
        at: Any = after.to_plain()
        for name in path.split("."):
            at = at[name]
        found[path] = formula_to_plain(value) if control.kind == "formula" and value is not None else at
    return found

"""Activations compared: their values and slopes, what saturates, what dies, and why there must be one."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from chainrule.datasets.toys import make_toy
from chainrule.estimators import MLPClassifier
from chainrule.estimators.many import fit_many
from chainrule.lab.checks import Band, calibrated, exact, true
from chainrule.lab.drawing import COLOURS, DASHES, curves
from chainrule.lab.experiment import Bench, Experiment, Findings
from chainrule.network import Dense, Network

AT = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
# By the formulas of lecture 000, 'Activation Functions for Hidden Layers', to ten digits: values and slopes at AT (the slope of
# ReLU at 0 is taken as 0, of ELU as 1).
TABLE = {
    "relu": ((0, 0, 0, 1, 2), (0, 0, 0, 1, 1)),
    "elu": ((-0.8646647168, -0.6321205588, 0, 1, 2), (0.1353352832, 0.3678794412, 1, 1, 1)),
    "tanh": (
        (-0.9640275801, -0.7615941560, 0, 0.7615941560, 0.9640275801),
        (0.0706508249, 0.4199743416, 1, 0.4199743416, 0.0706508249),
    ),
    "logistic": (
        (0.1192029220, 0.2689414214, 0.5, 0.7310585786, 0.8807970780),
        (0.1049935854, 0.1966119332, 0.25, 0.1966119332, 0.1049935854),
    ),
}
STEEPEST = {"relu": 1.0, "elu": 1.0, "tanh": 1.0, "logistic": 0.25}
RIGHT, LARGE, EPOCHS, LONG = 0.03, 0.85, 40, 200
# Measured for the seeds 0..9, 10..19, ... of 20 groups: share of the 2 x 32 ReLU units that are dead, mean of 10 trainings; loss
# over that of a network without activation, medians of 10 trainings; share of new points right after 200 epochs of Adam, sigmoid
# less ReLU, means of 10 trainings.
SEEDS = range(0, 200, 10)
DEAD = {RIGHT: Band(0.05, 0.22, 0.130, (0.114, 0.152), SEEDS), LARGE: Band(0.3, 1, 0.764, (0.561, 0.827), SEEDS)}
BENT = {"relu": Band(0.02, 0.8, 0.302, (0.142, 0.397), SEEDS), "logistic": Band(0.8, 1.6, 1.14, (1.087, 1.261), SEEDS)}

BEHIND = Band(-0.15, 0.05, -0.0324, (-0.0841, 0.0152), SEEDS)


def _unit(name: str, at: Any) -> tuple[Any, Any]:
    """Values and slopes of one unit with weight 1, by the engine's forward pass and its derivative."""
    network = Network(1, (Dense(1, name), Dense(1, "identity")))
    theta = network.pack([np.ones((1, 1))] * 2, [np.zeros(1)] * 2)
    return network.activations(theta, at[:, None])[0][:, 0], network.input_gradient(theta, at[:, None]).ravel()


def _linear_stack(bench: Bench) -> float:
    """Greatest difference between five linear layers and the one layer that is their product."""
    network = Network(4, tuple(Dense(units, "identity") for units in (8, 8, 8, 8, 3)))
    theta = network.init(bench.seed)
    weights, biases = network.views(theta)[:2]
    one = Network(4, (Dense(3, "identity"),))
    bias = biases[0]
    for W, b in zip(weights[1:], biases[1:], strict=True):
        bias = bias @ W + b
    X = np.random.default_rng(bench.seed).standard_normal((50, 4))
    flat = one.predict(one.pack([np.linalg.multi_dot(weights)], [bias]), X, engine=bench.engine)
    return float(np.abs(network.predict(theta, X, engine=bench.engine) - flat).max())


def _trained(bench: Bench, activation: str, rate: float, X: Any, y: Any, solver: str = "sgd") -> list[Any]:
    models = [
        MLPClassifier(
            (32, 32), activation, solver=solver, learning_rate_init=rate, batch_size=20, alpha=0, random_state=seed,
            max_iter=EPOCHS if solver == "sgd" else LONG, n_iter_no_change=np.inf, engine=bench.engine,
        ) for seed in bench.seeds(10)
    ]  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return fit_many(models, X, y)


def _dead(model: Any, X: Any) -> float:
    """Share of the hidden units that put out 0 for every row."""
    hidden = model.network_.activations(model.theta_, X)[:-1]
    return float(np.mean([np.all(layer == 0, axis=0) for layer in hidden]))


def _formulas(bench: Bench) -> list[Any]:
    checks = []
    for name, (values, slopes) in TABLE.items():
        value, slope = _unit(name, AT)
        checks.append(exact(f"{name}: greatest error of five values", np.abs(value - values).max(), 0))
        checks.append(exact(f"{name}: greatest error of five slopes", np.abs(slope - slopes).max(), 0))
        steepest = _unit(name, np.linspace(-6, 6, 1201))[1].max()
        checks.append(exact(f"{name}: steepest slope", steepest, STEEPEST[name]))
    return [*checks, exact("five linear layers less the one they equal", _linear_stack(bench), 0)]


def _run(bench: Bench) -> Findings:
    checks = _formulas(bench)
    toy = make_toy("moons", 200, 0.3, bench.seed)
    X, y = toy.X / 3, toy.y
    fits: dict[str, list[Any]] = {}
    for name in (*TABLE, "identity"):
        bench.say(len(fits), len(TABLE) + 1)
        fits[name] = _trained(bench, name, RIGHT, X, y)
    dead = {RIGHT: fits["relu"], LARGE: _trained(bench, "relu", LARGE, X, y)}
    shares = {rate: float(np.mean([_dead(model, X) for model in models])) for rate, models in dead.items()}
    checks += [calibrated(f"rate {rate:g}: share of dead ReLU units", shares[rate], DEAD[rate]) for rate in DEAD]
    new = make_toy("moons", 2000, 0.3, bench.seed + 100_000)
    right = {
        name: float(np.mean([model.score(new.X / 3, new.y) for model in _trained(bench, name, 0.01, X, y, "adam")]))
        for name in ("relu", "logistic")
    }
    losses = {name: np.array([model.loss_curve_ for model in models]) for name, models in fits.items()}
    final = {name: float(np.median(loss[:, -1])) for name, loss in losses.items()}
    checks += [
        calibrated("loss of ReLU over that without activation", final["relu"] / final["identity"], BENT["relu"]),
        calibrated(
            "loss of the sigmoid over that without activation", final["logistic"] / final["identity"], BENT["logistic"]
        ),
        true("more units die at the larger rate", shares[LARGE] > shares[RIGHT]),
        calibrated(
            f"new points right after {LONG} epochs of Adam, sigmoid less ReLU",
            right["logistic"] - right["relu"],
            BEHIND,
        ),
    ]
    reading = (
        f"Loss after {EPOCHS} epochs at rate {RIGHT:g}: "
        + ", ".join(f"{name} {loss:.3f}" for name, loss in final.items())
        + f". Of the ReLU units {shares[RIGHT]:.0%} are dead: 0 for every row, so no gradient reaches their weights; at "
        f"rate {LARGE:g} {shares[LARGE]:.0%} are."
    )
    caveat = (
        "'No vanishing gradient' holds for ReLU only where the unit is active: where it is 0 its slope is 0 too. 'Sigmoid not "
        f"used anymore': it learns more slowly, but it learns. After {LONG} epochs of Adam sigmoid units classify "
        f"{right['logistic']:.1%} of new points right, ReLU units {right['relu']:.1%}; and each of these networks has a sigmoid "
        "as its output."
    )
    return Findings(tuple(checks), reading, {"losses": losses, "shares": shares}, caveat)


def _draw(found: Findings, figure: Any) -> None:
    value, slope, learned, dead = figure.subplots(1, 4, width_ratios=(1, 1, 1.3, 0.7))
    at = np.linspace(-4, 4, 401)
    for place, name in enumerate(TABLE):
        look = {"color": COLOURS[place], "linestyle": DASHES[place], "label": name}
        for ax, shown in zip((value, slope), _unit(name, at), strict=True):
            ax.plot(at, shown, **look)
    value.set(title="activation", xlabel="z", ylabel="f(z)", ylim=(-1.2, 2.5))
    slope.set(title="slope", xlabel="z", ylabel="df/dz")
    slope.axhline(0.25, color="#222222", linewidth=0.6)
    value.legend(frameon=False, fontsize="small")
    curves(learned, found.data["losses"])
    learned.set(title="two hidden layers on the moons", xlabel="epoch", ylabel="training loss", ylim=(0, 0.75))
    shares = found.data["shares"]
    dead.bar([f"rate {rate:g}" for rate in shares], list(shares.values()), color=COLOURS[0], width=0.5)
    dead.set(title="dead ReLU units", ylabel="share", ylim=(0, 1))


EXPERIMENT = Experiment(
    name="activations",
    title="Activations: slopes, saturation, dead units",
    lecture="000",
    source="lecture 000, 'Activation Functions for Hidden Layers'; lecture 002, 'Summary' (of activations); lecture 004, "
    "'Activation Function – Sigmoid' and '– Rectifier Linear Unit'",
    claim="tanh and the sigmoid saturate, so their gradients vanish: the sigmoid is not used any more. ReLU's gradient does not "
    "vanish, but its units can die.",
    prediction="By hand: slopes of at most 1/4 (sigmoid) or 1; layers without activation are one layer; large steps kill units.",
    run=_run,
    draw=_draw,
    seconds=1.5,
    size=(14.0, 3.6),
)

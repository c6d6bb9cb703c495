"""Faults of what flows through the layers: gradients that vanish or explode, units that are saturated, dead or copies."""

from __future__ import annotations

import numpy as np

from chainrule.diagnosis.case import Case, Vector
from chainrule.diagnosis.findings import Advice, Answer, Found, Unknown
from chainrule.formulas.lookup import Array
from chainrule.training.evidence import Look

VANISHED, EXPLODED = 1e-3, 30.0
SATURATED, DEAD, ALIKE = 0.7, 0.5, 0.5
NOT_RECORDED = "the fit recorded no look at the layers (an older model file); pass X and y"


def per_parameter(case: Case, one: Look) -> Vector:
    """Root mean square of the gradient in each layer, shape (L,)."""
    views = case.network.views(np.empty(case.network.n_parameters, np.float32))
    sizes = [W.size + b.size for W, b in zip(views.W, views.b, strict=True)]
    return np.asarray(one.gradients / np.sqrt(sizes), np.float64)


def _looks(case: Case) -> tuple[Look, ...]:
    return case.looks or (() if case.last is None else (case.last,))


def vanishing_gradients(case: Case) -> Answer:
    """Gradients that get lost on the way back to the first layer."""
    if len(case.network.layers) < 3:
        return None
    looks = _looks(case)
    if not looks:
        return Unknown(NOT_RECORDED)
    early = [one for one in looks if one.epoch <= 8] or list(looks)
    with np.errstate(all="ignore"):
        shares = [per_parameter(case, one) / per_parameter(case, one)[-1] for one in early]
    firsts = np.array([share[0] for share in shares])
    share = float(np.nanmedian(firsts)) if np.isfinite(firsts).any() else np.nan
    if not share < VANISHED:
        return None
    since = next(one.epoch for one, first in zip(early, firsts, strict=True) if first < VANISHED)
    by_layer = np.nanmedian(np.array(shares), axis=0)
    names = {layer.function.name for layer in case.network.layers[:-1]}
    advice = [Advice("activation", f"'relu' (now {', '.join(sorted(names))})")] if names & {"logistic", "tanh"} else []
    if (depth := len(case.network.layers) - 1) > 2:
        advice.append(Advice("hidden_layer_sizes", f"fewer layers, such as {case.network.widths[1:3]} (now {depth})"))
    return Found(
        case.severity(),
        f"Per parameter, the gradient of the first layer is {share:.1g} of the output layer's in the first epochs.",
        {"first_over_last": share, "by_layer": [float(value) for value in by_layer]},
        (
            *advice,
            Advice("batch_norm", "True"),
            Advice("init", "'auto', which goes by each layer's activation"),
        ),
        since=since,
    )


def exploding_gradients(case: Case) -> Answer:
    """Gradients many times as large as the parameters they change."""
    looks = _looks(case)
    if not looks:
        return Unknown(NOT_RECORDED)
    if not case.poor:
        return None
    for one in looks:
        with np.errstate(all="ignore"):
            share = one.gradients / np.maximum(one.weights, 1e-12)
            growth = one.spreads[-1] / one.spreads[0] if len(one.spreads) > 1 else np.nan
        worst = int(np.nanargmax(share)) if np.isfinite(share).any() else -1
        if worst >= 0 and share[worst] > EXPLODED and one.weights[worst] > 1e-6:
            break
    else:
        return None
    when = "before the first step" if one.epoch == 0 else f"after epoch {one.epoch}"
    return Found(
        "serious",
        f"In {case.layer(worst)} the gradient is {share[worst]:.3g} times as large as the parameters {when}; pre-activations "
        f"grow by a factor of {growth:.3g} from the first to the last layer.",
        {"gradient_over_weights": [float(value) for value in share], "layer": worst, "growth": float(growth)},
        (
            Advice("init", "'auto', which keeps sizes steady from layer to layer"),
            Advice("batch_norm", "True"),
            Advice("clip_norm", "1.0"),
            Advice("learning_rate_init", f"smaller (now {case.rate})"),
        ),
        since=one.epoch,
    )


def saturated_units(case: Case) -> Answer:
    """Units on the flat ends of their activation."""
    looks = (*_looks(case), *([case.last] if case.last else []))
    if not looks:
        return Unknown(NOT_RECORDED)
    hidden = [one.saturated[:-1] for one in looks]
    if not hidden[0].size or not np.isfinite(hidden[0]).any():
        return None
    worst = [float(np.nanmax(shares)) for shares in hidden]
    first = next((at for at, share in enumerate(worst) if share > SATURATED), -1)
    if first < 0 or not (worst[-1] > SATURATED and not case.learned >= 0.9):
        return None
    place = int(np.nanargmax(hidden[first]))
    one = looks[first]
    return Found(
        case.severity(),
        f"{100 * worst[first]:.0f} % of what {case.layer(place)} puts out lies on the flat ends of its activation "
        f"{'before the first step' if one.epoch == 0 else f'after epoch {one.epoch}'}; its pre-activations have size "
        f"{one.spreads[place]:.3g}.",
        {"share": worst[first], "layer": place, "epoch": one.epoch, "size": float(one.spreads[place])},
        (
            Advice("init", "'auto' or 'glorot_uniform': weights that keep pre-activations near 1"),
            Advice("batch_norm", "True, which brings pre-activations to size 1"),
            Advice("activation", "'relu'"),
            Advice("learning_rate_init", f"smaller (now {case.rate}), if it began during the training"),
        ),
        since=one.epoch,
    )


def dead_units(case: Case) -> Answer:
    """ReLUs that are zero for every row."""
    if case.last is None:
        return Unknown(NOT_RECORDED)
    dead = case.last.dead[:-1]
    if not dead.size or not np.isfinite(dead).any():
        return None
    place = int(np.nanargmax(dead))
    share = float(dead[place])
    if share < DEAD or (share < 0.9 and not case.poor):
        return None
    first = next((one for one in case.looks if one.dead[place] >= DEAD), case.last)
    name = case.network.layers[place].function.name
    return Found(
        "serious" if case.poor else "warning",
        f"{100 * share:.0f} % of the units of {case.layer(place)} put out nothing on any of the rows looked at; that began "
        f"{'before the first step' if first.epoch == 0 else f'by epoch {first.epoch}'}.",
        {"share": share, "layer": place, "by_layer": [float(value) for value in dead], "epoch": first.epoch},
        (
            Advice("learning_rate_init", f"smaller (now {case.rate}): large steps push units over the edge"),
            Advice("activation", f"'leaky_relu' or 'elu' (now '{name}'), which are never silent"),
            Advice("init", "'he_uniform', with biases near 0"),
        ),
        since=first.epoch,
    )


def identical_units(case: Case) -> Answer:
    """Units that compute the same because they began the same."""
    if case.theta is None:
        return Unknown("the training left no parameters")
    views = case.network.views(case.theta)
    shares = [
        copies(np.vstack([W, b]), bool(case.parameters.get("l1")))
        for W, b in zip(views.W[:-1], views.b[:-1], strict=True)
    ]
    if not shares or max(shares) < ALIKE:
        return None
    place = int(np.argmax(shares))
    units = case.network.widths[place + 1]
    return Found(
        "serious" if case.poor or shares[place] > 0.9 else "warning",
        f"{case.layer(place).capitalize()} has {units} units, but {100 * shares[place]:.0f} % of them are copies of others: "
        "equal weights get equal gradients and stay equal.",
        {"share": shares[place], "layer": place, "by_layer": shares},
        (
            Advice(
                "init",
                f"'glorot_uniform' or 'auto', which draw every weight (now {_shown(case.parameters.get('init'))})",
            ),
        ),
    )


def _shown(value: object) -> str:
    return repr(value) if isinstance(value, str) else f"your own {type(value).__name__}"


def copies(columns: Array, sparse: bool) -> float:
    """Share of the columns that equal another one; with an L1 penalty zero columns do not count."""
    kept = columns[:, np.abs(columns[:-1]).max(axis=0) > 0] if sparse else columns
    if kept.shape[1] < 2:
        return 0.0
    size = float(np.abs(kept).max()) or 1.0
    key = np.cos(np.arange(1, len(kept) + 1)) @ kept
    order = np.argsort(key, kind="stable")
    same = np.abs(np.diff(kept[:, order], axis=1)).max(axis=0) <= 1e-5 * size
    return float(same.sum() / (columns.shape[1] - 1))

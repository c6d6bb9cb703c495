"""The parts of a frame, one entry each: what of the newest state is worth sending when it is drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.playground.pictures import maps, spaces
from chainrule.playground.pictures.frames import Frame
from chainrule.playground.training.curves import COLUMNS
from chainrule.playground.training.norms import norms_of

if TYPE_CHECKING:
    from chainrule.playground.session import Session

Painter = Callable[["Session", Mapping[str, Any], Frame], None]


def paint(session: Session, wanted: Mapping[str, Any]) -> Frame:
    """The parts of a frame that are wanted.

    Parameters
    ----------
    session : Session
        Whose state.
    wanted : dict
        Part -> True or its options; see `PAINTERS`.

    Raises
    ------
    ValueError
        If there is no such part, or an option is impossible.
    """
    if not isinstance(wanted, Mapping):
        raise ValueError(f"what a frame shall show must be an object of its parts; got {wanted!r:.40}.")
    found = Frame({"kind": "frame", "status": session.status()})
    odd = sorted(set(wanted) - set(PAINTERS))
    if odd:
        raise ValueError(f"a frame has no part {odd[0]!r:.40}; known are {', '.join(PAINTERS)}.")
    # Weights near the largest numbers there are overflow in pictures; that is no news.
    with np.errstate(all="ignore"):
        for name, options in wanted.items():
            if options or options == {}:
                PAINTERS[name](session, options if isinstance(options, Mapping) else {}, found)
    return found


def _weights(session: Session, options: Mapping[str, Any], found: Frame) -> None:
    """Weights and biases, if they are not those that the page knows."""
    sent = options.get("known") != session.version
    found.header["weights"] = {"version": session.version, "sent": sent}
    if not sent:
        return
    views = session.built.network.views(session.run.learner.theta)
    for k, (W, b, gamma) in enumerate(zip(views.W, views.b, views.gamma, strict=True)):
        found.arrays[f"W{k}"] = W.astype(np.float32)
        found.arrays[f"b{k}"] = b.astype(np.float32)
        if gamma is not None:
            found.arrays[f"gamma{k}"] = gamma.astype(np.float32)


def _curves(session: Session, options: Mapping[str, Any], found: Frame) -> None:
    """The rows of the curves that the page does not have yet."""
    curve, known = session.run.curve, options.get("known", 0)
    goes_on = options.get("run") == session.runs and isinstance(known, int) and 0 <= known <= len(curve.rows)
    first = known if goes_on else 0
    found.header["curves"] = {"columns": list(COLUMNS), "first": first, "rows": len(curve.rows)}
    found.arrays["curves"] = curve.table(first)


def _metrics(session: Session, options: Mapping[str, Any], found: Frame) -> None:
    """Losses, scores, confusions."""
    run, judged = session.run, session.judged()
    theta, last = run.learner.theta, run.learner.last
    found.header["metrics"] = {
        "train_loss": judged.train,
        "test_loss": judged.test,
        "objective": last.losses[-1] if last is not None and last.losses else None,
        "score": "accuracy" if session.data.task == "classification" else "R2",
        "train_score": judged.train_score,
        "test_score": judged.test_score,
        "loss": session.built.network.objective.name,
        "rate": run.learner.rate,
        "weights_norm": float(np.linalg.norm(theta[: session.built.network.n_weights])),
        "boundary": maps.boundary(session),
        **run.judge.details(theta),
    }


def _norms(session: Session, options: Mapping[str, Any], found: Frame) -> None:
    """Per layer: gradient and change of the last step, and the weights themselves."""
    norms = norms_of(session.run)
    found.header["norms"] = {"ratio": norms.ratio.tolist()}
    for name, values in (
        ("gradient_norms", norms.gradient),
        ("update_norms", norms.update),
        ("weight_norms", norms.weight),
    ):
        found.arrays[name] = np.asarray(values, np.float64)


PAINTERS: dict[str, Painter] = {
    "map": maps.decision_map,
    "units": maps.unit_maps,
    "line": maps.line,
    "weights": _weights,
    "curves": _curves,
    "metrics": _metrics,
    "norms": _norms,
    "hidden": spaces.hidden,
    "histograms": spaces.histograms,
}

"""Faults of the learning rate and of the number of epochs, from the losses and from how far a step moves the parameters."""

from __future__ import annotations

import numpy as np

from chainrule.diagnosis.case import Case, Vector
from chainrule.diagnosis.findings import Advice, Answer, Found, Unknown

LARGE_STEP, JUMPY, WIDE, RISEN = 0.05, 0.35, 0.05, 2.0
LITTLE_WAY, TINY_STEP = 0.5, 1e-3
FALLING = 0.1


def rate_too_high(case: Case) -> Answer:
    """A loss that jumps, rises or diverges while steps are large beside the parameters."""
    if not case.stochastic:
        return None
    if case.diverged:
        return _too_high(case, f"The numbers became non-finite in epoch {case.n_epochs + 1}", {})
    if not case.ratios.size:
        return Unknown("the fit recorded no steps")
    step, jumps = float(np.median(np.nanmax(case.ratios[-10:], axis=1))), jumpiness(case.losses, case.baseline)
    early = float(np.nanmax(case.ratios[:3]))
    worst = float(np.nanmax(case.losses[:5])) / case.baseline if case.baseline > 0 else np.nan
    numbers = {"step": step, "first_steps": early, "jumps": jumps, "first_losses_over_baseline": worst}
    told = f"A step changes a layer by {100 * early:.2g} % at first and {100 * step:.2g} % at the end"
    if early > LARGE_STEP and case.poor and worst > RISEN:
        return _too_high(
            case, f"{told}; in the first epochs the loss was {worst:.3g} times that of a constant", numbers
        )
    if max(early, 5 * step) > LARGE_STEP and jumps > JUMPY:
        return _too_high(case, f"{told}; the loss goes up as often as down (jumps {jumps:.2f})", numbers)
    return None


def _too_high(case: Case, told: str, numbers: dict[str, float]) -> Found:
    now = float(case.parameters.get("learning_rate_init", 0.001))
    return Found(
        "serious" if case.poor or case.diverged else "warning",
        f"{told}, at learning rate {now:g}.",
        {"learning_rate": now, **numbers},
        (
            Advice("learning_rate_init", f"{now / 10:g} (now {now:g})"),
            Advice("learning_rate", "'cosine' or 'adaptive', so that the last steps are small"),
            Advice("clip_norm", "1.0, where single batches throw it off course"),
        ),
        since=1,
    )


def jumpiness(losses: Vector, baseline: float) -> float:
    """Share of the loss's way that is upwards, over the later half of the epochs; 0.5 is a walk without direction.

    0 where an epoch changes the loss by less than 5 %, or by less than 2 % of a constant's loss: batches differ.
    """
    later = losses[len(losses) // 2 :]
    steps = np.diff(later)
    way = float(np.abs(steps).sum())
    if len(steps) < 4 or not np.isfinite(way):
        return 0.0
    least = max(WIDE * abs(float(np.mean(later))), 0.02 * baseline if baseline > 0 else 0.0)
    return float(steps[steps > 0].sum() / way) if way / len(steps) > least else 0.0


def rate_too_low(case: Case) -> Answer:
    """Parameters that could not get away from where they started."""
    if not case.stochastic:
        return None
    if case.diverged:
        return None
    if not case.ratios.size:
        return Unknown("the fit recorded no steps")
    way = float(np.nanmax(case.ratios.sum(axis=0)) * case.steps)
    step = float(np.median(np.nanmax(case.ratios, axis=1)))
    if not (step < TINY_STEP and way < LITTLE_WAY and not case.learned > 0.9):
        return None
    now = float(case.parameters.get("learning_rate_init", 0.001))
    factor = 10.0 ** int(np.clip(np.ceil(np.log10(TINY_STEP * 3 / max(step, 1e-12))), 1, 4))
    return Found(
        case.severity(),
        f"A step changes no layer by more than {100 * step:.2g} % (median); all {case.n_epochs * case.steps:,} steps together "
        f"move it by at most {100 * way:.2g} % of its size.",
        {"step": step, "whole_way": way, "learning_rate": now, "steps": case.n_epochs * case.steps},
        (
            Advice("learning_rate_init", f"{now * factor:g} (now {now:g})"),
            Advice("solver", "'adam', whose steps do not shrink with the gradient"),
        ),
        since=1,
    )


def too_few_epochs(case: Case) -> Answer:
    """A loss still falling when `max_iter` was reached."""
    if case.outcome not in ("max_iter", "interrupted"):
        return None if case.outcome else Unknown("how the training ended is not recorded")
    losses = case.losses[np.isfinite(case.losses)]
    span = max(1, len(losses) // 10)
    if len(losses) < 2:
        fall = 1.0
    else:
        before, after = losses[-2 * span : -span].mean(), losses[-span:].mean()
        fall = float((before - after) / abs(before)) if before else 0.0
    facts = case.facts
    # What a fall is worth is measured by the loss there was to lose.
    worth = (
        0.0 if facts is None or not facts.baseline > 0 or len(losses) < 2 else float((before - after) / facts.baseline)
    )
    if len(losses) >= 2 and (fall < FALLING or worth < 0.005):
        return None
    done = len(losses)
    told = f"The last tenth of the {done} epochs still lowered the loss by {100 * fall:.1f} %."
    return Found(
        "serious" if case.poor else "warning",
        told if done > 1 else "There was one epoch.",
        {"fall": fall, "epochs": done, "share_of_baseline": worth},
        (
            Advice("max_iter", f"{max(10 * done, 200)} or more (so far {done})"),
            Advice("learning_rate_init", f"or larger steps (now {case.rate})"),
        ),
        since=1,
    )

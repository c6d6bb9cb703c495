"""Whether a training went badly although every number was finite, and what to change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from chainrule.estimators.parameters import is_stochastic
from chainrule.tables.evaluation import Evaluation

ROSE = 10.0


def verdict(estimator: Any, loss_curve: Sequence[float | None], found: Evaluation | None) -> list[str]:
    """One note if the loss rose or the baseline was not beaten; none otherwise."""
    stochastic = is_stochastic(estimator.solver)
    first, last = (loss_curve[0], loss_curve[-1]) if loss_curve else (None, None)
    if first is not None and last is not None and last >= ROSE * first > 0:
        slower = f"a smaller learning rate (now {estimator.learning_rate_init:g})" if stochastic else "a larger alpha"
        return [f"training went badly: the loss rose from {first:.4g} to {last:.4g}; try {slower}."]
    if found is None or found.score >= 1 or found.score > found.baseline:
        return []
    change = ["more epochs", f"a smaller alpha (now {estimator.alpha:g})"]
    if stochastic:
        rate = f"learning rate (now {estimator.learning_rate_init:g})"
        change = [f"a smaller {rate}"] if None in loss_curve else [f"another {rate}", *change]
    change.append("other columns")
    return [
        f"the network predicts no better than {found.baseline_name} ({found.score_name} {found.score:.3f} against "
        f"{found.baseline:.3f}): it has learnt nothing of use; try {', '.join(change[:-1])} or {change[-1]}."
    ]

"""Phrases of the loss and its penalties."""

from __future__ import annotations

from chainrule.trace.phrases.base import Phrase, Terms, exponential, listed, name_of, series
from chainrule.trace.writing import expressions as e

ZERO, ONE, TWO = e.number(0), e.number(1), e.number(2)


def _error(t: Terms) -> e.Expression:
    return e.minus(t[0], t[1])


def sign(y: e.Expression) -> e.Expression:
    """Classes 0 and 1 as -1 and +1."""
    return e.minus(e.times(TWO, y), ONE)


def _huber(t: Terms) -> e.Expression:
    size = e.Fenced(_error(t))
    near = e.call("min", size, t.setting("delta"))
    return e.times(near, e.minus(size, e.Quotient(near, TWO)))


def _quantile(t: Terms) -> e.Expression:
    below, level = e.minus(t[1], t[0]), t.setting("level")
    return e.call("max", e.times(level, below), e.times(e.minus(level, ONE), below))


def _softmax(t: Terms) -> e.Expression:
    y, z, shift, total = t.items
    return e.times(y, e.minus(e.call("log", total), e.minus(z, shift)))


def _logistic(t: Terms) -> e.Expression:
    y, z = t.items
    return e.minus(e.call("log", e.plus(ONE, exponential(z))), e.times(y, z))


def _poisson(t: Terms) -> e.Expression:
    y, a = t[0], t[2]
    if y == e.number(0):
        # 0 log 0 counts as 0.
        return e.plus(e.Minus(y), a)
    return e.plus(e.times(y, e.call("log", e.Quotient(y, a))), e.Minus(y), a)


def _smoothed(t: Terms) -> e.Expression:
    share = t.setting("share")
    return e.plus(e.times(t[0], t.rest("share")), e.Quotient(share, e.number(t.settings["classes"])))


def decay_strength(t: Terms, weight_sum: e.Expression) -> e.Expression:
    """``alpha / S + l2``, without what is 0."""
    parts: list[e.Expression] = []
    if t.settings["alpha"]:
        parts.append(e.Quotient(t.setting("alpha"), weight_sum))
    if t.settings["l2"] or not parts:
        parts.append(t.setting("l2"))
    return e.plus(*parts)


def _l2(t: Terms) -> e.Expression:
    squares: list[e.Expression] = [e.squared(e.Fenced(w, "‖")) for w in t.items[1:]]
    return e.times(e.Quotient(decay_strength(t, t[0]), TWO), series(squares))


def _l1(t: Terms) -> e.Expression:
    return e.times(t.setting("l1"), series([e.Total(e.Fenced(w)) for w in t.items]))


def _weighted_total(t: Terms) -> e.Expression:
    factors = [e.number(factor) for factor in t.settings["factors"]]
    return series([e.times(factor, one) for factor, one in zip(factors, t.items, strict=True)])


def whole(t: Terms) -> e.Expression:
    """A loss of all outputs at once, by its name."""
    return e.call(name_of(t.settings["loss"]), *listed(t.items))


LOSSES: dict[str, Phrase] = {
    "smooth_labels": Phrase("The target with label smoothing: some of it goes to every class.", _smoothed),
    "squared_error_term": Phrase(
        "Half the squared error (lecture 001, 'Practical example').", lambda t: e.Quotient(e.squared(_error(t)), TWO)
    ),
    "mse_term": Phrase("The squared error (lecture 002, 'MSE loss').", lambda t: e.squared(_error(t))),
    "absolute_error_term": Phrase("The absolute error.", lambda t: e.Fenced(_error(t))),
    "huber_term": Phrase("Squared for small errors, linear for large ones.", _huber),
    "quantile_term": Phrase("Errors above and below count differently, by the quantile's level.", _quantile),
    "softmax_log_loss_term": Phrase(
        "Minus the target times the logarithm of its probability, from the scores (lecture 002, 'Cross entropy loss').",
        _softmax,
    ),
    "logistic_log_loss_term": Phrase(
        "Minus the logarithm of the probability of the true class, from the score (lecture 002, 'Cross entropy loss').",
        _logistic,
    ),
    "poisson_exp_term": Phrase("Half the Poisson deviance.", _poisson),
    "poisson_softplus_term": Phrase("Half the Poisson deviance.", _poisson),
    "hinge_term": Phrase(
        "How far the score is from the right side of the margin.",
        lambda t: e.call("max", ZERO, e.minus(ONE, e.times(sign(t[1]), t[0]))),
    ),
    "perceptron_term": Phrase(
        "How far the score is on the wrong side (lecture 004, 'Perceptron Learning Algorithm').",
        lambda t: e.call("max", ZERO, e.Minus(e.times(sign(t[1]), t[0]))),
    ),
    "whole_loss": Phrase("The loss, from targets and outputs.", whole),
    "weighted_total": Phrase("The losses of all heads, each by its factor.", _weighted_total),
    "l2_penalty": Phrase(
        "The L2 penalty: half the squared length of all weights; biases are free of it.", _l2, numbers=False
    ),
    "l1_penalty": Phrase("The L1 penalty: the sum of all weights' sizes.", _l1, numbers=False),
}

"""Phrases of the backward pass: upstream times local, summed over the paths."""

from __future__ import annotations

from chainrule.trace.phrases.base import Phrase, Terms, listed, multiplied, name_of, series
from chainrule.trace.phrases.functions import slope
from chainrule.trace.phrases.losses import ONE, TWO, decay_strength, sign
from chainrule.trace.writing import expressions as e


def _mean(t: Terms, inner: e.Expression) -> e.Expression:
    """A slope of a loss that is a mean over its outputs."""
    count = t.settings.get("outputs", 1)
    return inner if count == 1 else e.Quotient(inner, e.number(count))


def _huber(t: Terms) -> e.Expression:
    error, delta = e.minus(t[0], t[1]), t.setting("delta")
    return _mean(t, e.call("max", e.Minus(delta), e.call("min", error, delta)))


def _quantile(t: Terms) -> e.Expression:
    return _mean(t, e.call("quantile′", t[0], t[1], t.setting("level")))


def _poisson_softplus(t: Terms) -> e.Expression:
    z, a, y = t.items
    return e.times(e.call("σ", z), e.minus(ONE, e.Quotient(y, a)))


def _batch_norm(t: Terms) -> e.Expression:
    delta, z_hat, gamma, variance, total, product, weight_sum = t.items[:7]
    shared = e.plus(total, multiplied(t, z_hat, product))
    share = e.Quotient(t[7] if len(t.items) > 7 else ONE, weight_sum)
    inner = e.minus(delta, e.times(share, shared))
    return e.times(e.Quotient(gamma, e.Root(e.plus(variance, t.setting("epsilon")))), inner)


def _fixed_norm(t: Terms) -> e.Expression:
    return e.times(e.Quotient(t[1], e.Root(e.plus(t[2], t.setting("epsilon")))), t[0])


def _whole(t: Terms) -> e.Expression:
    return e.call(f"{name_of(t.settings['loss'])}′", *listed(t.items))


def _penalty(t: Terms) -> e.Expression:
    return e.times(decay_strength(t, t[1]), t[0])


BACKWARD: dict[str, Phrase] = {
    "mse_slope": Phrase(
        "Twice the error (lecture 002, 'MSE loss').", lambda t: _mean(t, e.times(TWO, e.minus(t[0], t[1])))
    ),
    "absolute_error_slope": Phrase("The sign of the error.", lambda t: _mean(t, e.call("sign", e.minus(t[0], t[1])))),
    "huber_slope": Phrase("The error, cut off where it is large.", _huber),
    "quantile_slope": Phrase("Minus the level below the target, one minus the level above it.", _quantile),
    "hinge_slope": Phrase(
        "Minus the sign of the class inside the margin, else 0.", lambda t: e.call("hinge′", t[0], t[1])
    ),
    "perceptron_slope": Phrase(
        "Minus the sign of the class where the score is on the wrong side, else 0.",
        lambda t: e.times(e.Minus(sign(t[1])), e.call("wrong", t[0], t[1])),
    ),
    "poisson_softplus_slope": Phrase("Of the Poisson loss with softplus, by the score.", _poisson_softplus),
    "whole_slope": Phrase("The slope of the loss by its outputs.", _whole),
    "whole_delta": Phrase("The slope of the loss by the scores, loss and activation together.", _whole),
    "slope": Phrase("The local derivative: how steep the activation function is here.", slope),
    "softmax_pullback": Phrase(
        "Through the softmax: its output times how far its own slope lies above the mean slope.",
        lambda t: e.times(t[0], e.minus(t[1], t[2])),
    ),
    "pullback": Phrase(
        "Upstream times local, through an activation whose units depend on each other.",
        lambda t: e.call(f"{name_of(t.settings['activation'])}′", *listed(t.items)),
    ),
    "back_through_weights": Phrase(
        "Sum over paths for all units at once: what the layer above passes back, through the transposed weights.",
        lambda t: e.times(e.Transposed(t[1]), t[0]),
        shapes=True,
    ),
    "through_batch_norm": Phrase(
        "Back through batch normalisation: moving one row also moves the batch's mean and variance.", _batch_norm
    ),
    "through_fixed_norm": Phrase("Back through batch normalisation with its running statistics.", _fixed_norm),
    "column_sum": Phrase("The sum over the rows, unit by unit.", lambda t: e.Total(t[0])),
    "column_sum_of_products": Phrase(
        "The sum of products over the rows, unit by unit.", lambda t: e.Total(multiplied(t, t[0], t[1]))
    ),
    "average_over_rows": Phrase(
        "The mean over the data rows: the batch's gradient.", lambda t: e.Quotient(series(list(t.items[1:])), t[0])
    ),
    "weight_gradient": Phrase(
        "The gradient of all weights of the layer at once: what goes back times what came in.",
        lambda t: e.Quotient(e.times(t[1], e.Transposed(t[0])), t[2]),
        shapes=True,
    ),
    "bias_gradient": Phrase(
        "The gradient of all biases of the layer at once.", lambda t: e.Quotient(e.Total(t[0]), t[1])
    ),
    "scale_gradient": Phrase(
        "The gradient of batch normalisation's scales.", lambda t: e.Quotient(e.Total(multiplied(t, t[0], t[1])), t[2])
    ),
    "penalty_gradient": Phrase("The slope of the L2 penalty: it pulls the weight towards 0.", _penalty),
}

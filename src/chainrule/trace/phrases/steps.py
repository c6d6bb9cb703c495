"""Phrases of the update and of the check."""

from __future__ import annotations

from chainrule.trace.phrases.base import ETA, Formula, Phrase, Terms, multiplied, series
from chainrule.trace.phrases.losses import ONE, TWO, ZERO
from chainrule.trace.writing import expressions as e


def _velocity(t: Terms) -> e.Expression:
    fresh = e.times(t.setting("rate"), t[1])
    if t.settings["dampening"]:
        fresh = e.times(t.rest("dampening"), fresh)
    return e.minus(e.times(t.setting("momentum"), t[0]), fresh)


def _average(t: Terms) -> e.Expression:
    return e.plus(e.times(t.setting("keep"), t[0]), e.times(t.rest("keep"), t[1]))


def _average_of_squares(t: Terms) -> e.Expression:
    return e.plus(e.times(t.setting("keep"), t[0]), e.times(t.rest("keep"), e.squared(t[1])))


def _adam_rate(t: Terms) -> e.Expression:
    first, second = (e.minus(ONE, e.Power(t.setting(name), t.setting("t"))) for name in ("beta_1", "beta_2"))
    return e.times(t.setting("rate"), e.Quotient(e.Root(second), first))


def _over_root(top: e.Expression, inner: e.Expression, added: e.Expression) -> e.Expression:
    return e.Quotient(top, e.plus(e.Root(inner), added))


def _adadelta(t: Terms) -> e.Expression:
    eps = t.setting("eps")
    return multiplied(t, e.Quotient(e.Root(e.plus(t[1], eps)), e.Root(e.plus(t[2], eps))), t[0])


def _soft_threshold(t: Terms) -> e.Expression:
    left = e.minus(e.Fenced(t[0]), e.times(t[1], t.setting("l1")))
    return multiplied(t, e.call("sign", t[0]), e.call("max", left, ZERO))


def _limited(name: str) -> Formula:
    """Shortened to the limit of that name, where it is longer."""

    def formula(t: Terms) -> e.Expression:
        if t[1] == ZERO:
            return t[0]
        return e.times(t[0], e.call("min", ONE, e.Quotient(t.setting(name), t[1])))

    return formula


def _first_order(t: Terms) -> e.Expression:
    count = len(t.items) // 3
    shares: list[e.Expression] = [e.times(t[at], e.minus(t[2 * count + at], t[count + at])) for at in range(count)]
    if t.settings.get("l1"):
        shares.append(e.words("change of the L1 penalty"))
    return series(shares)


def _follow(t: Terms) -> e.Expression:
    return e.plus(t[0], e.times(t.setting("momentum"), e.minus(t[1], t[0])))


def _unbiased(t: Terms) -> e.Expression:
    unbiased = e.times(e.Quotient(t[2], e.minus(t[2], ONE)), t[1])
    return e.plus(t[0], e.times(t.setting("momentum"), e.minus(unbiased, t[0])))


UPDATE: dict[str, Phrase] = {
    "norm": Phrase(
        "The length of all of it, as one vector.", lambda t: e.Fenced(series(list(t.items[:3])), "‖"), False
    ),
    "clip_norm": Phrase("Shortened where the whole gradient is longer than allowed.", _limited("clip_norm")),
    "clip_value": Phrase(
        "Cut off at the allowed size.",
        lambda t: e.call("max", e.Minus(t.setting("clip_value")), e.call("min", t[0], t.setting("clip_value"))),
    ),
    "decay": Phrase(
        "Decoupled weight decay: the weight shrinks a little, whatever its gradient.",
        lambda t: e.times(t[0], e.minus(ONE, e.times(t.setting("rate"), t.setting("weight_decay")))),
    ),
    "descent": Phrase(
        "A step against the gradient, as long as the learning rate says (lecture 001, 'Gradient descent').",
        lambda t: e.times(e.Minus(t.setting("rate")), t[0]),
    ),
    "sgd_velocity": Phrase(
        "Momentum: most of the last step, and a new one against the gradient (lecture 002, 'Gradient descent with momentum').",
        _velocity,
    ),
    "nesterov": Phrase(
        "Nesterov's momentum: as if the velocity had already been followed once more.",
        lambda t: e.minus(e.times(t.setting("momentum"), t[0]), e.times(t.setting("rate"), t[1])),
    ),
    "adagrad_sum": Phrase("All squared gradients so far.", lambda t: e.plus(t[0], e.squared(t[1]))),
    "adagrad_change": Phrase(
        "A step against the gradient, shorter where gradients have been large.",
        lambda t: _over_root(e.times(e.Minus(t.setting("rate")), t[0]), t[1], t.setting("eps")),
    ),
    "average": Phrase("A moving average of the gradients.", _average),
    "average_of_squares": Phrase("A moving average of the squares.", _average_of_squares),
    "adadelta_direction": Phrase("The gradient, in units of the steps so far.", _adadelta),
    "rms_direction": Phrase(
        "The gradient in units of its usual size.", lambda t: _over_root(t[0], t[1], t.setting("eps"))
    ),
    "accumulate": Phrase("Momentum of the scaled gradients.", lambda t: e.plus(e.times(t.setting("keep"), t[0]), t[1])),
    "adam_rate": Phrase("The learning rate with both bias corrections: early averages are too close to 0.", _adam_rate),
    "adam_change": Phrase(
        "Against the averaged gradient, in units of its usual size (lecture 002, 'Other stochastic optimizers').",
        lambda t: _over_root(e.times(e.Minus(t[0]), t[1]), t[2], t.setting("epsilon")),
    ),
    "scaled_descent": Phrase(
        "Against the gradient, as far as the line search went.", lambda t: e.times(e.Minus(t[1]), t[0])
    ),
    "speed": Phrase(
        "How far a gradient of 1 would move it: the L1 step is as long.", lambda t: e.call("speed", *t.items), False
    ),
    "soft_threshold": Phrase("The L1 step: a little closer to 0, and to 0 if that would cross it.", _soft_threshold),
    "column_norms": Phrase("The length of the weights into each unit.", lambda t: e.Fenced(t[0], "‖")),
    "limit_norm": Phrase("Shortened where the weights into the unit are longer than allowed.", _limited("max_norm")),
    "own_step": Phrase(
        "By your own solver.", lambda t: e.call("step", e.words("parameters"), e.words("gradients"), ETA), False
    ),
    "follow": Phrase("The running mean follows the batch's.", _follow),
    "follow_unbiased": Phrase("The running variance follows the batch's unbiased one.", _unbiased),
}

CHECK: dict[str, Phrase] = {
    "loss_with": Phrase(
        "The whole loss computed anew by a forward pass.", lambda t: e.words("a new forward pass"), False
    ),
    "central_difference": Phrase(
        "The slope between a little more and a little less: no chain rule needed.",
        lambda t: e.Quotient(e.minus(t[0], t[1]), e.times(TWO, _moved(t))),
    ),
    "relative_error": Phrase(
        "How far both lie apart, in units of the larger one.",
        lambda t: e.Quotient(
            e.Fenced(e.minus(t[0], t[1])), e.call("max", e.Fenced(t[0]), e.Fenced(t[1]), t.setting("floor"))
        ),
    ),
    "first_order": Phrase(
        "What the gradient promises: each slope times how far its parameter moved.", _first_order, False
    ),
}


def _moved(t: Terms) -> e.Expression:
    return t.setting("step") if t.numeric else e.Symbol(e.letter("ε", r"\varepsilon"))

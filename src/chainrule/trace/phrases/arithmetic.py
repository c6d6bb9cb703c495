"""Phrases of arithmetic and of the forward pass."""

from __future__ import annotations

from chainrule.trace.phrases.base import Phrase, Terms, exponential, listed, multiplied, name_of, products, series
from chainrule.trace.phrases.functions import value
from chainrule.trace.writing import expressions as e


def _mean(t: Terms) -> e.Expression:
    if len(t.items) == 1:
        return e.call("mean", t[0])
    return e.Quotient(series(list(t.items)), e.number(len(t.items)))


def _weighted_mean(t: Terms) -> e.Expression:
    if t.arrays or len(t.items) == 2:
        return e.call("weighted mean", *t.items)
    return e.Quotient(products(t.pairs()), series(list(t.items[1::2])))


def _total(t: Terms) -> e.Expression:
    return e.Total(t[0]) if len(t.items) == 1 else series(list(t.items))


def _variance(t: Terms) -> e.Expression:
    deviations: list[e.Expression] = [e.squared(e.minus(one, t[0])) for one in t.items[1:]]
    return e.Quotient(series(deviations), e.number(len(deviations)))


def _weighted_variance(t: Terms) -> e.Expression:
    pairs = t.pairs(1)
    deviations: list[e.Expression] = [e.times(w, e.squared(e.minus(x, t[0]))) for x, w in pairs]
    return e.Quotient(series(deviations), series([w for _, w in pairs]))


def _normalize(t: Terms) -> e.Expression:
    return e.Quotient(e.minus(t[0], t[1]), e.Root(e.plus(t[2], t.setting("epsilon"))))


def _ordered(t: Terms) -> e.Expression:
    steps: list[e.Expression] = [e.call("log", e.plus(e.number(1), exponential(z))) for z in t.items[1:]]
    return series([t[0], *steps])


ARITHMETIC: dict[str, Phrase] = {
    "given": Phrase("Given: by the data, the model or the solver's memory."),
    "dropout_mask": Phrase("Drawn for this step: 0 drops a unit; one that is kept is scaled up by 1 / (1 − rate)."),
    "element": Phrase("One number of the array above."),
    "copy": Phrase("The same number again.", lambda t: t[0]),
    "sum": Phrase("Everything that arrives here, added up.", lambda t: series(list(t.items))),
    "difference": Phrase("The first minus the second.", lambda t: e.minus(t[0], t[1])),
    "multiply": Phrase("The product of the two.", lambda t: multiplied(t, t[0], t[1])),
    "weigh": Phrase("Multiplied by the weight of the data row.", lambda t: multiplied(t, t[0], t[1])),
    "scale": Phrase("Multiplied by the weight of the head.", lambda t: e.times(t.setting("factor"), t[0])),
    "quotient": Phrase("Its share of the sum.", lambda t: e.Quotient(t[0], t[1])),
    "mean": Phrase("The mean.", _mean),
    "weighted_mean": Phrase("The mean, each row counted by its weight.", _weighted_mean),
    "total": Phrase("The sum.", _total),
    "sum_of_products": Phrase("Products, added up.", lambda t: products(t.pairs())),
    "largest": Phrase("The largest of them.", lambda t: e.call("max", *listed(t.items))),
    "row_count": Phrase("The number of data rows.", None),
}

FORWARD: dict[str, Phrase] = {
    "affine": Phrase(
        "The bias, plus every weight times what comes in through it.",
        lambda t: series([t[0], *(e.times(w, a) for w, a in t.pairs(1))]),
    ),
    "linear_layer": Phrase(
        "Every weight times what comes in through it, for all units at once.",
        lambda t: e.times(t[1], t[0]),
        shapes=True,
    ),
    "affine_layer": Phrase(
        "The sums of all units of the layer at once.", lambda t: e.plus(t[2], e.times(t[1], t[0])), shapes=True
    ),
    "activation": Phrase("The sum, sent through the activation function.", value),
    "activation_of_group": Phrase(
        "The sums of the whole group, sent through its activation together.",
        lambda t: e.call(name_of(t.settings["activation"]), *listed(t.items)),
    ),
    "exponential": Phrase(
        "e to the power of the score; the largest score is taken off first, so that nothing overflows.",
        lambda t: exponential(e.minus(t[0], t[1])),
    ),
    "ordered": Phrase("The level below, plus a step that is always positive: levels never cross.", _ordered),
    "variance": Phrase("The mean squared distance from the mean.", _variance),
    "weighted_variance": Phrase(
        "The mean squared distance from the mean, each row counted by its weight.", _weighted_variance
    ),
    "column_mean": Phrase("The mean over the rows, unit by unit.", lambda t: e.call("mean over rows", t[0])),
    "weighted_column_mean": Phrase(
        "The mean over the rows by their weights, unit by unit.", lambda t: e.call("weighted mean over rows", *t.items)
    ),
    "column_variance": Phrase(
        "The mean squared distance from the mean, unit by unit.",
        lambda t: e.call("mean over rows", e.squared(e.minus(t[0], t[1]))),
    ),
    "weighted_column_variance": Phrase(
        "The mean squared distance from the mean by the rows' weights, unit by unit.",
        lambda t: e.call("weighted mean over rows", e.squared(e.minus(t[0], t[1])), t[2]),
    ),
    "normalize": Phrase(
        "Batch normalisation: the distance from the mean, in standard deviations (lecture 002, 'Batch normalization').",
        _normalize,
    ),
    "scale_and_shift": Phrase(
        "Batch normalisation: scaled and shifted by what was learned.",
        lambda t: e.plus(multiplied(t, t[0], t[1]), t[2]),
    ),
}

"""The table of checks: what each asks, the lectures' word for it, from where on it speaks, and what it explains.

An entry stands before what it explains. To add a check, write its function in `checks/` and its entry here; reports and tests
follow.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chainrule.diagnosis.case import Case
from chainrule.diagnosis.checks import data, fitting, flow, rates
from chainrule.diagnosis.findings import Answer


@dataclass(frozen=True)
class Check:
    """One question to a case.

    Parameters
    ----------
    title : str
        Its name for people.
    ask : callable
        ``Case -> Found``, None (nothing found) or Unknown.
    word : str
        What the lectures call it, and where.
    threshold : str
        From where on it is told, and why from there.
    explains : tuple of str
        Findings that are its consequences, where they do not show earlier.
    """

    title: str
    ask: Callable[[Case], Answer]
    word: str
    threshold: str
    explains: tuple[str, ...] = ()


FLOW = ("exploding_gradients", "saturated_units", "dead_units", "vanishing_gradients")
RATES = ("rate_too_high", "rate_too_low", "too_few_epochs")
FITTING = ("imbalance_ignored", "overfitting", "underfitting")

CHECKS: dict[str, Check] = {
    "unscaled_inputs": Check(
        "Unscaled inputs",
        data.unscaled_inputs,
        "Normalisation of what enters a layer (lecture 002, 'Batch normalization', for hidden layers; for inputs it is scaling).",
        f"A column of size above {data.LARGE:g}, half of them below {data.SMALL:g}, or sizes {data.UNEVEN:g} apart. Initial "
        "weights are drawn for inputs of size 1, and the loss is s^2 times as steep along a column of size s: one learning "
        "rate cannot suit both (LeCun et al. 1998, 'Efficient BackProp').",
        (*FLOW, *RATES, *FITTING),
    ),
    "unscaled_targets": Check(
        "Unscaled targets",
        data.unscaled_targets,
        "Linear output layer for regression (lecture 000, 'Activation Functions for Output Layer'): it must grow to the targets.",
        f"Targets of size above {data.LARGE_TARGET:g} or deviation below {data.SMALL_TARGET:g}, and less than 90 % learned. "
        "Outputs start at size 1 and a step moves the last bias by about one learning rate; gradients are as large as the "
        "errors.",
        (*FLOW, *RATES, *FITTING),
    ),
    "small_normalised_batches": Check(
        "Batch too small for batch normalisation",
        data.small_normalised_batches,
        "Batch normalisation uses the statistics of the minibatch (lecture 002, 'Batch normalization').",
        f"Fewer than {data.FEW_ROWS} rows: a variance from B rows has a relative error of sqrt(2 / (B - 1)), above 53 % there, "
        "and predictions use other numbers than training did.",
        (*FLOW, *RATES, *FITTING),
    ),
    "contradictory_duplicates": Check(
        "Contradictory duplicates",
        data.contradictory_duplicates,
        "Empirical risk (lecture 002, 'Regularizing the ERM'): its least value is above 0 where equal rows have unequal targets.",
        f"They cost {100 * data.CONTRADICTIONS:g} % of the right answers or of the variance (serious: {100 * data.COSTLY:g} %): "
        "below that other errors weigh more.",
        ("label_noise", *RATES, *FITTING),
    ),
    "target_leak": Check(
        "Target leak suspected",
        data.target_leak,
        "The test set must be data never seen (lecture 000, 'Underfitting and Overfitting'): a leak makes its score a promise "
        "nobody keeps.",
        f"One column explains {100 * data.GIVEN_AWAY:g} % of the target's variance, the next less than {100 * data.NEXT_BEST:g} "
        "%: columns that are known beforehand rarely do; where several do, the task is easy.",
    ),
    "identical_units": Check(
        "Identical units from equal initialisation",
        flow.identical_units,
        "Initialise the weights randomly (lecture 001, 'The learning rate', step 1 of the algorithm).",
        f"{100 * flow.ALIKE:g} % copies in a hidden layer. Randomly drawn units never are; a layer of copies is one unit.",
        ("saturated_units", "dead_units", "vanishing_gradients", *RATES, *FITTING),
    ),
    "penalty_too_strong": Check(
        "Penalty too strong",
        fitting.penalty_too_strong,
        "The tradeoff parameter 'weight decay' (lecture 002, 'Regularizing the ERM'; its pictures show 10^-2 smoothing too "
        "much).",
        f"The parameters shrank below {100 * fitting.SHRUNK:g} % of their drawn size and less than half was learned: what is "
        "learned makes weights grow.",
        (
            "rate_too_high",
            "saturated_units",
            "dead_units",
            "vanishing_gradients",
            "rate_too_low",
            "too_few_epochs",
            *FITTING,
        ),
    ),
    "exploding_gradients": Check(
        "Exploding gradients",
        flow.exploding_gradients,
        "Backpropagation multiplies a factor for each layer (lecture 001, 'Gradient vanishing'; lecture 002, 'Backpropagation'): "
        "above 1 the product explodes.",
        f"A layer's gradient is {flow.EXPLODED:g} times its parameters. With usual initial weights it is below 1; a step of a "
        "hundredth of such a gradient throws the layer away.",
        ("rate_too_high", "saturated_units", "dead_units", "too_few_epochs", *FITTING),
    ),
    "rate_too_high": Check(
        "Learning rate too high",
        rates.rate_too_high,
        "'Learning rate too high: fluctuate around minimum or even diverge' (lecture 002, 'Gradient descent algorithm').",
        f"First steps change a layer by more than {100 * rates.LARGE_STEP:g} %, the loss is {rates.RISEN:g} times a constant's "
        f"and little is learned; or the loss goes up for more than {100 * rates.JUMPY:g} % of its way. Steps of about 0.1 % are "
        "usual; 50 % up is a walk without direction.",
        ("saturated_units", "dead_units", "vanishing_gradients", "too_few_epochs", *FITTING),
    ),
    "saturated_units": Check(
        "Saturated units",
        flow.saturated_units,
        "'Saturates', 'killing gradients' (lecture 002, 'Logistic function', 'Hyperbolic tangent'; lecture 004, 'Sigmoid').",
        f"{100 * flow.SATURATED:g} % of rows and units where the slope is below 5 % of the steepest. For pre-activations of "
        "size 1 it is about 3 % for tanh and none for the logistic.",
        ("vanishing_gradients", "rate_too_low", "too_few_epochs", *FITTING),
    ),
    "dead_units": Check(
        "Dead ReLUs",
        flow.dead_units,
        "'Dead ReLU: never activated across whole training set' (lecture 002, 'Rectified linear unit'; lecture 004).",
        f"{100 * flow.DEAD:g} % of a layer where little is learned, 90 % otherwise. Some silent units are sparsity and do no "
        "harm.",
        ("vanishing_gradients", "rate_too_low", "too_few_epochs", *FITTING),
    ),
    "vanishing_gradients": Check(
        "Vanishing gradients",
        flow.vanishing_gradients,
        "'Gradient vanishing': 'zero-point-somethings multiplied by each other' (lecture 001; lecture 000, activation "
        "functions).",
        f"Per parameter, the first layer's gradient is below {flow.VANISHED:g} of the last one's. The lecture's O(10^-N): at a "
        "thousandth, the first layers stand still while the last one learns.",
        ("rate_too_low", "too_few_epochs", *FITTING),
    ),
    "rate_too_low": Check(
        "Learning rate too low",
        rates.rate_too_low,
        "'Learning rate too small: slow convergence' (lecture 002, 'Gradient descent algorithm').",
        f"A step below {100 * rates.TINY_STEP:g} % of a layer's size, and all steps together below {100 * rates.LITTLE_WAY:g} "
        "%: the parameters are still about where they were drawn.",
        ("too_few_epochs", *FITTING),
    ),
    "too_few_epochs": Check(
        "Too few epochs",
        rates.too_few_epochs,
        "'Underfitting regime (too few epochs/parameters)'; the loss decreases 'till reaching a plateau' (lecture 000, 'Learning "
        "Curves').",
        f"max_iter was reached and the last tenth of the epochs still lowered the loss by {100 * rates.FALLING:g} %: there is "
        "no plateau yet.",
        FITTING,
    ),
    "imbalance_ignored": Check(
        "Class imbalance ignored",
        fitting.imbalance_ignored,
        "The loss is a mean over the rows (lecture 002, 'Empirical risk'): a rare class weighs little in it.",
        "A class with less than a fifth of the rows and less than half of an even share, of which less than "
        f"{100 * fitting.FORGOTTEN:g} % of the rows are recognised, and no class_weight.",
        ("underfitting",),
    ),
    "label_noise": Check(
        "Label noise suspected",
        data.label_noise,
        "Bayes decision boundary (lecture 002, 'Toy dataset'): away from it neighbours should agree.",
        f"{100 * data.WRONG:g} % wrong among the {100 * data.PUREST:g} % of the rows whose neighbours agree best, and at "
        f"least {data.EVERYWHERE:g} of the share over all rows: overlapping classes contradict each other near the boundary, "
        "wrong labels do everywhere.",
        ("overfitting", "underfitting"),
    ),
    "overfitting": Check(
        "Overfitting",
        fitting.overfitting,
        "'When the training loss is low, but the validation loss is high, we overfitted the data' (lecture 000, 'Underfitting "
        "and Overfitting').",
        f"The score on the training rows is {fitting.GAP:g} above that on others (and two standard errors): smaller gaps are "
        "usual.",
    ),
    "underfitting": Check(
        "Underfitting",
        fitting.underfitting,
        "'When the train and validation loss are both high and close we are in the underfitting regime' (lecture 000, "
        "'Underfitting and Overfitting').",
        f"Less than half of a constant's loss is removed, and nearest neighbours score {fitting.MISSED:g} better on rows they "
        "have not seen (without rows: less than 10 % removed).",
    ),
}

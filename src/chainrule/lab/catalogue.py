"""The table of experiments, in the order of the lectures. A new one is a file of `experiments` and a line here."""

from __future__ import annotations

from chainrule.formulas.lookup import lookup
from chainrule.lab.experiment import Experiment
from chainrule.lab.experiments import (
    activations,
    adam_first_step,
    backpropagation,
    batch_normalisation,
    deep_and_wide,
    double_descent_features,
    double_descent_formula,
    dropout,
    early_stopping,
    features_or_layers,
    gradient_cost,
    gradient_descent,
    initialisation,
    learning_rate,
    minibatch_size,
    momentum,
    perceptron_gates,
    sgd_paths,
    shallow_joints,
    shallow_regions,
    softmax_cross_entropy,
    universal_approximation,
    vanishing_gradient,
    weight_decay,
    xor,
)

EXPERIMENTS: dict[str, Experiment] = {
    module.EXPERIMENT.name: module.EXPERIMENT
    for module in (
        perceptron_gates,
        xor,
        features_or_layers,
        shallow_joints,
        shallow_regions,
        deep_and_wide,
        universal_approximation,
        backpropagation,
        gradient_cost,
        softmax_cross_entropy,
        gradient_descent,
        momentum,
        adam_first_step,
        sgd_paths,
        minibatch_size,
        learning_rate,
        weight_decay,
        dropout,
        batch_normalisation,
        activations,
        vanishing_gradient,
        initialisation,
        early_stopping,
        double_descent_formula,
        double_descent_features,
    )
}  # fmt: skip


def get_experiment(name: str) -> Experiment:
    """The experiment of that name.

    Raises
    ------
    ValueError
        If there is none; the message lists the names.
    """
    return lookup("experiment", name, EXPERIMENTS, Experiment, {})

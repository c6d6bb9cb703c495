"""The table of experiments, in the order of the lectures. A new one is a file of `experiments` and a line here."""

from __future__ import annotations

from difflib import get_close_matches

from chainrule.lab.experiment import Experiment
from chainrule.lab.experiments import (
    activations,
    adam_first_step,
    backpropagation,
    batch_normalisation,
    bayes_boundary,
    deep_and_wide,
    double_descent_features,
    double_descent_formula,
    double_descent_network,
    dropout,
    early_stopping,
    features_or_layers,
    full_gradient_or_minibatches,
    gradient_cost,
    gradient_descent,
    grid_search,
    hidden_features,
    initialisation,
    learning_curves,
    learning_rate,
    minibatch_size,
    mnist,
    momentum,
    perceptron_gates,
    pretrained_features,
    sgd_paths,
    shallow_joints,
    shallow_regions,
    softmax_cross_entropy,
    solver_race,
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
        hidden_features,
        pretrained_features,
        shallow_joints,
        shallow_regions,
        deep_and_wide,
        universal_approximation,
        backpropagation,
        gradient_cost,
        softmax_cross_entropy,
        mnist,
        gradient_descent,
        momentum,
        adam_first_step,
        sgd_paths,
        minibatch_size,
        full_gradient_or_minibatches,
        solver_race,
        learning_rate,
        grid_search,
        bayes_boundary,
        weight_decay,
        dropout,
        batch_normalisation,
        activations,
        vanishing_gradient,
        initialisation,
        learning_curves,
        early_stopping,
        double_descent_formula,
        double_descent_features,
        double_descent_network,
    )
}  # fmt: skip


def get_experiment(name: str) -> Experiment:
    """The experiment of that name.

    Raises
    ------
    ValueError
        If there is none; the message says which one was perhaps meant.
    """
    if name in EXPERIMENTS:
        return EXPERIMENTS[name]
    near = get_close_matches(name.lower().replace("_", "-"), EXPERIMENTS, 2, 0.5) or _with_word(name)
    hint = f"Did you mean {' or '.join(near)}? " if near else ""
    raise ValueError(f"unknown experiment {name!r}. {hint}`chainrule lab list` names all {len(EXPERIMENTS)}.")


def _with_word(name: str) -> list[str]:
    """At most three experiments in whose name or title that word stands."""
    told = [each for each in EXPERIMENTS.values() if name.lower() in f"{each.name} {each.title}".lower()]
    return [each.name for each in told[:3]]

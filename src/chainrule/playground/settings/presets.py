"""The lab's experiments to be played with: each with the question to answer before the first step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from chainrule.playground.settings.setup import Setup


@dataclass(frozen=True)
class Preset:
    """An experiment as a setup.

    Parameters
    ----------
    experiment : str
        Its name in the lab.
    title : str
        A line for the gallery.
    lecture : str
        Number of the lecture.
    question : str
        What to predict.
    answer : str
        What comes out, and why.
    then : str
        How to break it, or what to try next.
    setup : dict
        What differs from the usual setup, as plain data.
    """

    experiment: str
    title: str
    lecture: str
    question: str
    answer: str
    then: str
    setup: dict[str, Any] = field(default_factory=dict)

    def to_plain(self) -> dict[str, Any]:
        """Plain data, with the whole setup."""
        return {
            "name": self.experiment,
            "experiment": self.experiment,
            "title": self.title,
            "lecture": self.lecture,
            "question": self.question,
            "answer": self.answer,
            "then": self.then,
            "setup": Setup.from_plain(self.setup)[0].to_plain(),
        }


def presets() -> list[dict[str, Any]]:
    """All of them, as plain data."""
    return [preset.to_plain() for preset in PRESETS]


def _layers(*units: int, activation: str = "tanh", **more: Any) -> list[dict[str, Any]]:
    return [{"units": one, "activation": activation, **more} for one in units]


def _sgd(momentum: float = 0.0, nesterov: bool = False) -> dict[str, Any]:
    return {"name": "sgd", "momentum": momentum, "nesterov": nesterov}


PRESETS: tuple[Preset, ...] = (
    Preset(
        "xor",
        "Exclusive or",
        "001",
        "No straight line separates the four squares. How many hidden units does it take at least, and do two always suffice?",
        "Two tanh units can represent it, but from some start weights gradient descent does not get there; with four it nearly "
        "always does.",
        "Take the hidden layer away: the loss stays near ln 2 = 0.693, guessing.",
        {"data": {"name": "xor"}, "network": {"layers": _layers(2)}, "training": {"learning_rate": 0.1}},
    ),
    Preset(
        "features-or-layers",
        "Features or layers",
        "001",
        "There is no hidden layer here, but the network sees x1² and x2². Can it draw a circle?",
        "Yes, at once: in the squares a circle is a straight line. Otherwise hidden layers have to learn such features.",
        "Give it x1 and x2 instead, and hidden layers of 4 and 2 units.",
        {"data": {"name": "circle"}, "network": {"layers": [], "features": ["x1^2", "x2^2"]}},
    ),
    Preset(
        "shallow-joints",
        "A shallow network is a sum of joints",
        "000",
        "Three ReLU units see one input. How many straight pieces can the function have at most?",
        "Four: every unit bends the line at one place, where its pre-activation is zero.",
        "Add units one by one and watch the joints.",
        {
            "data": {"name": "sine", "n": 100, "train": 0.8},
            "network": {"layers": _layers(3, activation="relu"), "initializer": "he_normal"},
            "training": {"solver": {"name": "adam"}, "learning_rate": 0.03},
        },
    ),
    Preset(
        "shallow-regions",
        "Regions of a shallow network",
        "004",
        "Eight ReLU units cut the plane by eight lines. Into how many regions at most?",
        "1 + 8 + 28 = 37 in the whole plane (Zaslavsky); in the window there are fewer.",
        "Open the linear regions while it trains.",
        {
            "network": {"layers": _layers(8, activation="relu"), "initializer": "he_normal"},
            "training": {"learning_rate": 0.1},
        },
    ),
    Preset(
        "deep-and-wide",
        "Deep or wide",
        "004",
        "Two hidden layers of 8 units or one of 20: which has more regions, and which learns the spiral?",
        "The deep one can have several times as many regions with as many parameters, and learns the spiral sooner.",
        "Replace the layers by a single one of 20 units.",
        {
            "data": {"name": "spiral"},
            "network": {"layers": _layers(8, 8, activation="relu"), "initializer": "he_normal"},
            "training": {"solver": {"name": "adam"}, "learning_rate": 0.01},
        },
    ),
    Preset(
        "universal-approximation",
        "Any function, piece by piece",
        "004",
        "Sixteen ReLU units against one period of a sine: how small does the error become?",
        "n equal pieces can come as near as about 5 / n²; what training finds is somewhat worse.",
        "Double the units and compare.",
        {
            "data": {"name": "sine", "n": 400, "train": 0.5},
            "network": {"layers": _layers(16, activation="relu"), "initializer": "he_normal"},
            "training": {"solver": {"name": "adam"}, "learning_rate": 0.01},
        },
    ),
    Preset(
        "softmax-cross-entropy",
        "Three classes",
        "002",
        "Three clouds, three outputs: what do the three probabilities of a point add up to?",
        "To 1: softmax divides by the sum of all exponentials. Where clouds overlap no class is sure.",
        "Raise the noise and watch the probabilities, not the accuracy.",
        {"data": {"name": "three", "noise": 0.1}, "network": {"layers": _layers(4)}},
    ),
    Preset(
        "momentum",
        "Momentum",
        "002",
        "The same rate with momentum 0.9: how much faster does the loss fall?",
        "In the long run each step is about ten times as long where gradients agree, so it is about ten times faster until it "
        "overshoots.",
        "Take momentum away while it runs, and put it back.",
        {"data": {"name": "circle"}, "training": {"solver": _sgd(0.9), "learning_rate": 0.01}},
    ),
    Preset(
        "solver-race",
        "Adam on the spiral",
        "000",
        "Adam scales every weight's step by its own gradients. Does it learn the spiral where plain descent is still stuck?",
        "Yes, by far sooner at this rate.",
        "Switch the solver to sgd while it trains: nothing is reset.",
        {
            "data": {"name": "spiral"},
            "network": {"layers": _layers(8, 8)},
            "training": {"solver": {"name": "adam"}, "learning_rate": 0.01},
        },
    ),
    Preset(
        "learning-rate",
        "A learning rate too large",
        "002",
        "Squared error with learning rate 10: what happens to the loss within a few epochs?",
        "It grows exponentially; the run stops before a number that is not finite is shown, and says in which layer it began.",
        "Step back, take 0.03, and go on.",
        {
            "data": {"name": "plane"},
            "network": {"layers": _layers(8, 6, activation="relu")},
            "training": {"learning_rate": 10.0},
        },
    ),
    Preset(
        "minibatch-size",
        "One row at a time",
        "002",
        "A step after every single row: what will the loss curve look like beside that of whole batches?",
        "It falls in fewer epochs and trembles: the gradient of one row is right only on average.",
        "Set the batch to all rows: smooth, and slow by the epoch.",
        {"data": {"name": "gauss", "noise": 0.3}, "training": {"batch_size": 1}},
    ),
    Preset(
        "weight-decay",
        "Weight decay",
        "002",
        "Ten units on 100 noisy points of two overlapping mixtures: does the test loss fall with the training loss?",
        "First, then it rises: the boundary winds around single points. A small L2 penalty keeps it near the best one.",
        "Set L2 to 0.01 while it runs and watch the boundary straighten.",
        {
            "data": {"name": "mixture", "n": 200},
            "network": {"layers": _layers(10)},
            "training": {"solver": {"name": "adam"}, "learning_rate": 0.03},
        },
    ),
    Preset(
        "early-stopping",
        "Early stopping",
        "000",
        "When should one stop, if only the training loss is looked at, and when by the test loss?",
        "By the training loss never; by the test loss where it is least. The run stops 200 epochs after that.",
        "Step back to the best epoch.",
        {
            "data": {"name": "mixture", "n": 120},
            "network": {"layers": _layers(16)},
            "training": {"solver": {"name": "adam"}, "learning_rate": 0.03},
            "run": {"until": {"patience": 200}},
        },
    ),
    Preset(
        "dropout",
        "Dropout",
        "002",
        "A third of the units is left out in every step. What happens to the gap between training and test loss?",
        "It becomes smaller: no unit can rely on a single other one. The training loss is higher than without.",
        "Turn dropout off while it trains.",
        {
            "data": {"name": "moons", "n": 120, "noise": 0.35},
            "network": {"layers": _layers(32, activation="relu", dropout=0.33), "initializer": "he_normal"},
            "training": {"solver": {"name": "adam"}, "learning_rate": 0.01},
        },
    ),
    Preset(
        "batch-normalisation",
        "Batch normalisation",
        "002",
        "Five logistic layers hardly learn. Do they with batch normalisation?",
        "Yes: every layer's scores are brought back to where the logistic has a slope.",
        "Turn it off and begin again with the same weights.",
        {
            "data": {"name": "circle"},
            "network": {"layers": _layers(6, 6, 6, 6, 6, activation="logistic", batch_norm=True)},
            "training": {"learning_rate": 0.3},
        },
    ),
    Preset(
        "vanishing-gradient",
        "Vanishing gradients",
        "001",
        "Six logistic layers: in which one is the gradient smallest?",
        "In the first. The logistic's slope is at most 1/4, and the slopes multiply on the way back.",
        "Look at the gradient norms, then take ReLU with He's initialisation.",
        {"network": {"layers": _layers(6, 6, 6, 6, 6, 6, activation="logistic")}, "training": {"learning_rate": 0.3}},
    ),
    Preset(
        "initialisation",
        "All weights zero",
        "001",
        "Every weight starts at zero. What do the hidden units learn?",
        "Nothing: their gradients are zero too, or the same for all, so that they stay copies of one another.",
        "Draw other start weights.",
        {"network": {"initializer": "zeros"}},
    ),
    Preset(
        "activations",
        "Linear layers",
        "000",
        "Three hidden layers, but without a non-linear activation. Can they draw a circle?",
        "No: a chain of linear maps is one linear map, so the boundary stays a straight line.",
        "Change the activation of a single layer to tanh.",
        {"network": {"layers": _layers(8, 8, 8, activation="identity")}},
    ),
    Preset(
        "perceptron-gates",
        "The perceptron",
        "001",
        "Rosenblatt's rule on two clouds that can be separated: does it stop, and when?",
        "As soon as no point is on the wrong side; then every gradient is zero.",
        "Raise the noise until the clouds overlap: now it never stops.",
        {
            "data": {"name": "gauss"},
            "network": {"layers": [], "loss": "perceptron", "output": "step"},
            "training": {"batch_size": 1, "learning_rate": 0.1},
        },
    ),
    Preset(
        "bayes-boundary",
        "The best boundary there is",
        "002",
        "Two overlapping clouds, whose distribution is known. Can a network be better than the dashed line?",
        "On these points by chance, on new ones never: the line is the best possible.",
        "Take more points and see how the two come together.",
        {"data": {"name": "gauss", "noise": 0.5}},
    ),
    Preset(
        "hidden-features",
        "What a hidden layer sees",
        "003",
        "The two units before the output: where do they put the inner and the outer points?",
        "Apart, so that a straight line separates them: that is all the output layer can do.",
        "Open the hidden space and step through the training.",
        {"data": {"name": "circle"}},
    ),
)

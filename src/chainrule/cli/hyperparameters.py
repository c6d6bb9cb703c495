"""The options of `chainrule train` that describe the network and its training; their names are the command's parameters."""

from __future__ import annotations

from typing import Annotated

import typer

from chainrule.cli import formulas, options

NETWORK, TRAINING, AGAINST = "Network", "Training", "Against overfitting"

Hidden = Annotated[
    str | None,
    typer.Option(
        callback=options.checked_widths,
        metavar="UNITS",
        help="Units of the hidden layers, such as 64,32; none for no layer.",
        rich_help_panel=NETWORK,
    ),
]
Activation = Annotated[
    str | None,
    typer.Option(
        parser=formulas.activations,
        metavar="NAMES",
        help="Hidden activation, such as relu or gelu; or one per hidden layer: relu,tanh.",
        rich_help_panel=NETWORK,
    ),
]
OutputActivation = Annotated[
    str | None,
    typer.Option(
        parser=formulas.output,
        metavar="NAME",
        help="Activation of the outputs: softmax or logistic for classes, identity or leaky_relu for numbers; else chosen by "
        "the target.",
        rich_help_panel=NETWORK,
    ),
]
BatchNorm = Annotated[
    bool | None,
    typer.Option(
        "--batch-norm/--no-batch-norm", help="Normalise hidden layers over the batch.", rich_help_panel=NETWORK
    ),
]
Init = Annotated[
    str | None,
    typer.Option(
        parser=formulas.initializer,
        metavar="NAME",
        help="How first weights are drawn, such as he_normal; auto goes by the activation.",
        rich_help_panel=NETWORK,
    ),
]
Loss = Annotated[
    str | None,
    typer.Option(
        parser=formulas.loss,
        metavar="NAME",
        help="What is minimised: log_loss, squared_error, absolute_error, huber:delta=2, quantile:levels=0.9, ... Errors "
        "of a number count in standard deviations of the target.",
        rich_help_panel=TRAINING,
    ),
]
Solver = Annotated[
    str | None,
    typer.Option(
        parser=formulas.solver,
        metavar="NAME",
        help="Solver: adam, adamw, sgd, rmsprop, adagrad, adadelta or lbfgs; with hyper-parameters: adam:beta_2=0.99.",
        rich_help_panel=TRAINING,
    ),
]
Epochs = Annotated[int | None, typer.Option(min=1, help="Most epochs (iterations of lbfgs).", rich_help_panel=TRAINING)]
LearningRate = Annotated[
    float | None,
    typer.Option(
        callback=options.positive, help="Learning rate (for one_cycle the highest).", rich_help_panel=TRAINING
    ),
]
Schedule = Annotated[
    str | None,
    typer.Option(
        parser=formulas.schedule,
        metavar="NAME",
        help="How the rate changes: constant, invscaling, adaptive, step:step_size=10,gamma=0.5, exponential, cosine or "
        "one_cycle.",
        rich_help_panel=TRAINING,
    ),
]
Warmup = Annotated[
    float | None,
    typer.Option(
        callback=options.at_least_zero, help="Epochs in which the rate rises from 0.", rich_help_panel=TRAINING
    ),
]
Momentum = Annotated[
    float | None, typer.Option(callback=options.up_to_one, help="Momentum of sgd.", rich_help_panel=TRAINING)
]
BatchSize = Annotated[int | None, typer.Option(min=1, help="Rows per step.", rich_help_panel=TRAINING)]
ClassWeight = Annotated[
    list[str] | None,
    typer.Option(
        metavar="WEIGHT",
        help="balanced, or CLASS=NUMBER; may be given for several classes.",
        rich_help_panel=TRAINING,
    ),
]
LayerRates = Annotated[
    str | None,
    typer.Option(
        parser=options.factors,
        metavar="FACTORS",
        help="Factor of the learning rate for each layer, the output layer's last: 0.1,1,1; 0 freezes a layer.",
        rich_help_panel=TRAINING,
    ),
]
ClipNorm = Annotated[
    float | None,
    typer.Option(callback=options.positive, help="Longest gradient of a step.", rich_help_panel=TRAINING),
]
ClipValue = Annotated[
    float | None,
    typer.Option(callback=options.positive, help="Largest component of a gradient.", rich_help_panel=TRAINING),
]
Alpha = Annotated[
    float | None,
    typer.Option(
        callback=options.at_least_zero, help="L2 penalty, divided by the rows of a batch.", rich_help_panel=AGAINST
    ),
]
L2 = Annotated[
    float | None,
    typer.Option(
        "--l2", callback=options.at_least_zero, help="L2 penalty that no batch size changes.", rich_help_panel=AGAINST
    ),
]
L1 = Annotated[
    float | None,
    typer.Option(
        "--l1", callback=options.at_least_zero, help="L1 penalty; some weights become 0.", rich_help_panel=AGAINST
    ),
]
WeightDecay = Annotated[
    float | None,
    typer.Option(callback=options.at_least_zero, help="Decoupled weight decay.", rich_help_panel=AGAINST),
]
MaxNorm = Annotated[
    float | None,
    typer.Option(callback=options.positive, help="Longest weight vector into a unit.", rich_help_panel=AGAINST),
]
Dropout = Annotated[
    str | None,
    typer.Option(
        parser=options.shares,
        metavar="SHARES",
        help="Share of hidden units left out in a step, or one per hidden layer: 0.2,0.5; one more for the inputs, first.",
        rich_help_panel=AGAINST,
    ),
]
LabelSmoothing = Annotated[
    float | None,
    typer.Option(
        callback=options.share, help="Share of each label given to all classes alike.", rich_help_panel=AGAINST
    ),
]
EarlyStopping = Annotated[
    bool | None,
    typer.Option(
        "--early-stopping/--no-early-stopping",
        help="Stop when the score on validation rows no longer rises.",
        rich_help_panel=AGAINST,
    ),
]
Patience = Annotated[
    int | None, typer.Option(min=1, help="Epochs without improvement before it stops.", rich_help_panel=AGAINST)
]
Tolerance = Annotated[
    float | None,
    typer.Option(
        "--tol", callback=options.at_least_zero, help="Least improvement that counts.", rich_help_panel=AGAINST
    ),
]
Scoring = Annotated[
    str | None,
    typer.Option(
        parser=options.scoring,
        metavar="NAME",
        help="The validation score: loss, or a scorer of scikit-learn such as roc_auc.",
        rich_help_panel=AGAINST,
    ),
]
ValidationFraction = Annotated[
    float | None,
    typer.Option(
        callback=options.some,
        help="Share of the training rows that choose the best epoch, or alpha for lbfgs.",
        show_default="0.1; 0.2 to choose alpha",
        rich_help_panel=AGAINST,
    ),
]

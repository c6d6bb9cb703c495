"""`chainrule train`: its options, each a type of its own, so that the command reads like a list of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chainrule.cli import hyperparameters as given
from chainrule.cli import options
from chainrule.cli.options import Json, TableFile, Threads

Target = Annotated[str | None, typer.Option("--target", "-t", metavar="COLUMN", help="Column to predict.")]
Task = Annotated[
    str | None,
    typer.Option(parser=options.task, metavar="TASK", help="classification or regression; else inferred."),
]
Drop = Annotated[
    list[str] | None, typer.Option("--drop", metavar="COLUMN", help="Column not to use; may be given several times.")
]
TestFraction = Annotated[
    float, typer.Option(callback=options.fraction, help="Share of the rows held out for the final score.")
]
Seed = Annotated[int, typer.Option(min=0, max=2**32 - 2, help="Seed of the split and of the network.")]
Engine = Annotated[
    str | None, typer.Option(parser=options.engine, metavar="NAME", help="What computes: auto, native, reference.")
]
Dtype = Annotated[str | None, typer.Option(parser=options.dtype, metavar="TYPE", help="Precision: float32 or float64.")]
Model = Annotated[
    Path | None, typer.Option("--model", "-m", metavar="FILE", help="Where to save; else named after the table.")
]
Report = Annotated[Path | None, typer.Option(metavar="FILE.html", help="Also write a report as one HTML page.")]
Force = Annotated[bool, typer.Option("--force", help="Overwrite files that chainrule did not write.")]
NoProgress = Annotated[bool, typer.Option("--no-progress", help="Show no progress.")]


def train(
    file: TableFile,
    target: Target = None,
    task: Task = None,
    drop: Drop = None,
    hidden: given.Hidden = None,
    activation: given.Activation = None,
    output_activation: given.OutputActivation = None,
    batch_norm: given.BatchNorm = None,
    init: given.Init = None,
    loss: given.Loss = None,
    solver: given.Solver = None,
    epochs: given.Epochs = None,
    learning_rate: given.LearningRate = None,
    schedule: given.Schedule = None,
    warmup: given.Warmup = None,
    momentum: given.Momentum = None,
    batch_size: given.BatchSize = None,
    class_weight: given.ClassWeight = None,
    layer_rates: given.LayerRates = None,
    clip_norm: given.ClipNorm = None,
    clip_value: given.ClipValue = None,
    alpha: given.Alpha = None,
    l2: given.L2 = None,
    l1: given.L1 = None,
    weight_decay: given.WeightDecay = None,
    max_norm: given.MaxNorm = None,
    dropout: given.Dropout = None,
    label_smoothing: given.LabelSmoothing = None,
    early_stopping: given.EarlyStopping = None,
    patience: given.Patience = None,
    tol: given.Tolerance = None,
    scoring: given.Scoring = None,
    validation_fraction: given.ValidationFraction = None,
    test_fraction: TestFraction = 0.2,
    seed: Seed = 0,
    threads: Threads = None,
    engine: Engine = None,
    dtype: Dtype = None,
    model: Model = None,
    report: Report = None,
    force: Force = False,
    no_progress: NoProgress = False,
    as_json: Json = False,
) -> None:
    """Train a network on a table and save it.

    What is not given is chosen by the size of the table, and told with the reason.
    """
    asked = dict(locals())
    from chainrule.cli.asked import parameters
    from chainrule.cli.training import Request, run

    widths = None if hidden is None else options.widths(hidden)
    silent = no_progress or as_json
    run(
        Request(
            file, target, task, tuple(drop or ()), widths, parameters(asked), test_fraction, seed, model, report, force,
            not silent, as_json,
        )
    )  # fmt: skip

"""`chainrule train`: its options, each a type of its own, so that the command reads like a list of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

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
Hidden = Annotated[
    str | None,
    typer.Option(
        callback=options.checked_widths,
        metavar="UNITS",
        help="Units of the hidden layers, such as 64,32; none for no layer.",
    ),
]
Activation = Annotated[
    str | None, typer.Option(parser=options.activation, metavar="NAME", help="Hidden activation, such as relu or tanh.")
]
Solver = Annotated[
    str | None, typer.Option(parser=options.solver, metavar="NAME", help="Solver, such as adam, sgd or lbfgs.")
]
Epochs = Annotated[int | None, typer.Option(min=1, help="Most epochs (iterations of lbfgs).")]
LearningRate = Annotated[
    float | None, typer.Option(callback=options.positive, help="Initial learning rate of adam or sgd.")
]
BatchSize = Annotated[int | None, typer.Option(min=1, help="Rows per step of adam or sgd.")]
Alpha = Annotated[float | None, typer.Option(callback=options.at_least_zero, help="Strength of the L2 penalty.")]
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
    hidden: Hidden = None,
    activation: Activation = None,
    solver: Solver = None,
    epochs: Epochs = None,
    learning_rate: LearningRate = None,
    batch_size: BatchSize = None,
    alpha: Alpha = None,
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
    """Train a network on a table and save it."""
    from chainrule.cli.training import Request, run

    given = {
        "activation": activation, "solver": solver, "max_iter": epochs, "learning_rate_init": learning_rate,
        "batch_size": batch_size, "alpha": alpha, "n_threads": threads, "engine": engine, "dtype": dtype,
    }  # fmt: skip
    request = Request(
        file=file,
        target=target,
        task=task,
        drop=tuple(drop or ()),
        hidden=None if hidden is None else options.widths(hidden),
        parameters={name: value for name, value in given.items() if value is not None},
        test_fraction=test_fraction,
        seed=seed,
        model=model,
        report=report,
        force=force,
        progress=not (no_progress or as_json),
        as_json=as_json,
    )
    run(request)

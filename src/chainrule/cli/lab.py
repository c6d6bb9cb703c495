"""`chainrule lab`: the claims of the lectures, run on the real engine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from chainrule.cli.options import Json

if TYPE_CHECKING:
    from chainrule.lab.experiment import Experiment
    from chainrule.lab.running import Outcome

RESULTS = Path("lab-results")
Names = Annotated[
    list[str] | None, typer.Argument(metavar="[NAME]...", help="Experiments; `chainrule lab list` names them.")
]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder of pictures and results.")]
Download = Annotated[
    bool,
    typer.Option(
        "--download",
        help="Agree to fetch MNIST first where it is missing (11 MB, listed as CC BY-SA 3.0, kept in the cache); without it, "
        "scikit-learn's small digits take its place.",
    ),
]


def list_(as_json: Json = False) -> None:
    """List the claims, lecture by lecture."""
    from chainrule.cli.output import emit, grid, heading, note
    from chainrule.cli.text import duration
    from chainrule.lab.catalogue import EXPERIMENTS
    from chainrule.lab.experiment import LECTURES

    if as_json:
        emit({"experiments": [_told(experiment) for experiment in EXPERIMENTS.values()]})
        return
    for place, (lecture, title) in enumerate(LECTURES.items()):
        chosen = [experiment for experiment in EXPERIMENTS.values() if experiment.lecture == lecture]
        if chosen:
            heading(f"Lecture {lecture}: {title}", first=place == 0)
            grid([(each.name, each.title, duration(each.seconds)) for each in chosen], right=(2,))
    note("run them with `chainrule lab run NAME...`, `--quick` or `--all`.")


def run(
    names: Names = None,
    everything: Annotated[bool, typer.Option("--all", help="Run every experiment.")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="Run the quick ones, together less than 3 minutes.")] = False,
    reduced: Annotated[bool, typer.Option("--reduced", help="Slow experiments on a smaller setting.")] = False,
    seed: Annotated[int, typer.Option(min=0, max=2**31 - 1, help="First random seed.")] = 0,
    engine: Annotated[str, typer.Option(help="auto, native or reference.")] = "auto",
    out: Out = RESULTS,
    download: Download = False,
    as_json: Json = False,
) -> None:
    """Run experiments: prediction, measurement, verdict, picture.

    Exit code 1 if a claim failed.
    """
    from chainrule.cli.output import emit
    from chainrule.lab.experiment import Bench

    chosen = _chosen(names or [], everything, quick)
    bench = Bench(seed, reduced, _engine(engine))
    if download:
        _fetch()
    outcomes = [_one(experiment, bench, out, as_json) for experiment in chosen]
    if as_json:
        emit({"results": [outcome.to_dict() for outcome in outcomes], "folder": str(out)})
    elif len(outcomes) > 1:
        _summary(outcomes)
    if not all(outcome.findings.held for outcome in outcomes):
        raise typer.Exit(1)


def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Experiment; `chainrule lab list` names them.")],
    out: Out = RESULTS,
    open_: Annotated[bool, typer.Option("--open", help="Open the picture.")] = False,
    as_json: Json = False,
) -> None:
    """Show what an experiment found and how to read its picture."""
    from chainrule.cli.guard import CommandError
    from chainrule.cli.output import emit, say
    from chainrule.lab.running import kept

    found = kept(_named(name).name, out)
    drawn = out / f"{name}.png"
    if found is None:
        raise CommandError(f"{out}: holds no result of {name!r}; run it first: chainrule lab run {name} --out {out}")
    if as_json:
        emit({**found, "picture": str(drawn)})
        return
    _report(found, True)
    say(f"Picture: {drawn}")
    if open_:
        typer.launch(str(drawn))


def gallery(
    page: Annotated[Path, typer.Argument(metavar="PAGE.md", help="The page to write; pictures are linked from DIR.")],
    out: Out = RESULTS,
) -> None:
    """Write a page of all results in a folder."""
    from chainrule.cli.guard import CommandError
    from chainrule.cli.output import say
    from chainrule.files import replace
    from chainrule.lab.catalogue import EXPERIMENTS
    from chainrule.lab.gallery import written
    from chainrule.lab.running import kept

    results = [found for name in EXPERIMENTS if (found := kept(name, out)) is not None]
    if not results:
        raise CommandError(f"{out}: holds no results; run some first: chainrule lab run --all --out {out}")
    replace(str(page), written(results, out, page.parent).encode(), "the page could not be written")
    say(f"{page}: {len(results)} of {len(EXPERIMENTS)} experiments")


def _fetch() -> None:
    """MNIST into the cache if it is nowhere yet; the user has agreed by --download."""
    from chainrule.cli.guard import CommandError
    from chainrule.cli.output import note
    from chainrule.datasets.mnist import TERMS, cache, mnist, present
    from chainrule.errors import DatasetError

    if present():
        return
    note(f"fetching {TERMS} into {cache()}.")
    try:
        mnist(download=True)
    except DatasetError as error:
        raise CommandError(str(error)) from None


def _told(experiment: Experiment) -> dict[str, Any]:
    names = ("name", "title", "lecture", "source", "claim", "prediction", "seconds", "quick")
    return {name: getattr(experiment, name) for name in names}


def _named(name: str) -> Experiment:
    from chainrule.lab.catalogue import get_experiment

    try:
        return get_experiment(name)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="NAME") from None


def _engine(name: str) -> str:
    from chainrule.engines import ENGINES

    if name not in ("auto", *ENGINES):
        raise typer.BadParameter(
            f"must be one of {', '.join(('auto', *ENGINES))}; got {name!r}.", param_hint="--engine"
        )
    return name


def _chosen(names: list[str], everything: bool, quick: bool) -> list[Experiment]:
    from chainrule.lab.catalogue import EXPERIMENTS

    if (everything or quick) and names:
        raise typer.BadParameter("give names, or --all, or --quick; not both.", param_hint="NAME")
    if everything:
        return list(EXPERIMENTS.values())
    if quick:
        return [experiment for experiment in EXPERIMENTS.values() if experiment.quick]
    if not names:
        raise typer.BadParameter("say which: names from `chainrule lab list`, or --quick, or --all.", param_hint="NAME")
    return [_named(name) for name in dict.fromkeys(names)]


def _one(experiment: Experiment, bench: Any, out: Path, silent: bool) -> Outcome:
    from dataclasses import replace

    from chainrule.cli.output import console, say
    from chainrule.cli.text import duration
    from chainrule.lab.running import keep, run

    if silent:
        outcome = run(experiment, bench)
        keep(outcome, out)
        return outcome
    takes = experiment.reduced_seconds if bench.reduced and experiment.reduced_seconds else experiment.seconds
    told_before, terminal = f"{experiment.title} (about {duration(takes)})", console(stderr=True)
    if not terminal.is_terminal:  # the status line below is for terminals alone
        typer.echo(told_before, err=True)
    with terminal.status(told_before) as status:

        def told(done: int, total: int) -> None:
            status.update(f"{experiment.title} ({done} of {total})")

        outcome = run(experiment, replace(bench, say=told))
        drawn, _ = keep(outcome, out)
    _report(outcome.to_dict(), False)
    say(f"Picture: {drawn}   {duration(outcome.seconds)}")
    say()
    return outcome


def _report(found: dict[str, Any], whole: bool) -> None:
    """What was found; a long list of checks only where asked for or where one failed."""
    from chainrule.cli.output import grid, heading, say

    heading(f"{found['title']}: {found['verdict']}", first=True)
    told = [("claim", f"{found['claim']} ({found['source']})"), ("prediction", found["prediction"])]
    told += [("found", found["reading"])] + [(name, found[name]) for name in ("caveat", "data") if found[name]]
    grid(told)
    checks = found["checks"]
    shown = checks if whole else [check for check in checks if not check["held"]]
    rows = [
        (
            "yes" if check["held"] else "NO",
            check["what"],
            _number(check["measured"]),
            f"{check['expected']}",
            check["kind"],
        )
        for check in shown
    ]
    if rows:
        grid(rows, header=("held", "check", "measured", "expected", "kind"), right=(2,))
    else:
        say(f"  all {len(checks)} checks held")


def _number(value: Any) -> str:
    return f"{value:.8g}" if isinstance(value, float) else str(value)


def _summary(outcomes: list[Outcome]) -> None:
    from chainrule.cli.output import grid, heading
    from chainrule.cli.text import duration

    heading("Summary", first=True)
    grid([(each.experiment.name, each.verdict, duration(each.seconds)) for each in outcomes], right=(2,))

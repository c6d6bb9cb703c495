"""The results of single scripts as sections of the page: a table made for each, or every number there is."""

from __future__ import annotations

from collections.abc import Callable
from statistics import mean, median, stdev
from typing import Any

import entries
import peers
import reach
from tables import markdown

Body = list[tuple[str, ...]]
Content = dict[str, Any]


def flat(content: Any, path: tuple[str, ...] = ()) -> list[tuple[str, str]]:
    """Nested results as (path, number) rows."""
    if isinstance(content, dict) and set(content) == {"min", "median", "max"}:
        return [(", ".join(path), f"{content['median']:.4g} ({content['min']:.4g} to {content['max']:.4g})")]
    if isinstance(content, dict):
        return [row for key, value in content.items() if key != "targets" for row in flat(value, (*path, key))]
    if isinstance(content, list):
        return [row for place, value in enumerate(content, 1) for row in flat(value, (*path, f"run {place}"))]
    return [(", ".join(path), f"{content:.4g}" if isinstance(content, float) else str(content))]


def everything(content: Content) -> str:
    """Every number, one to a line."""
    samples = content.get("samples", {})
    body = flat(content["results"]) + [
        (key, ", ".join(f"{peer} {median(times):.4g} us" for peer, times in value.items()))
        for key, value in samples.items()
        if isinstance(value, dict)
    ]
    return markdown(("what", "value"), body)


def columns(found: list[str], known: list[str]) -> list[str]:
    """Those of the known names that were found, in their order, then the others."""
    return [name for name in known if name in found] + [name for name in found if name not in known]


def seconds_line(count: str, cell: str, goal: str, one: Content, wrong: list[str], names: list[str]) -> tuple[str, ...]:
    """One cell and goal: seconds of every library, and how many times sooner ours was there."""
    seconds = reach.counted(one, wrong)
    gain = reach.gain_of(seconds)
    middles = [f"{median(seconds[name]):.3g}" if name in seconds else "" for name in names]
    return count, cell, goal, f"{one['target']:.4f}", *middles, f"{gain:.2f}" if gain else ""


def scores_line(count: str, cell: str, final: dict[str, list[float]], names: list[str]) -> tuple[str, ...]:
    """Test scores of every library."""
    said = [
        f"{mean(final[name]):.4f} ± {stdev(final[name]):.4f}" + ("" if reach.same_score(final, name) else " FAILED")
        if name in final
        else ""
        for name in names
    ]
    return count, cell, *said


def reach_tables(content: Content) -> str:
    """Time to the same loss and to the same score; then the scores."""
    cells = [
        (count, cell, found) for count, group in content["results"]["cells"].items() for cell, found in group.items()
    ]
    names = columns(list(dict.fromkeys(name for *_, found in cells for name in found["final"])), list(peers.DEFAULT))
    times, scores = [], []
    for count, cell, found in cells:
        wrong = [name for name in found["final"] if not reach.same_score(found["final"], name)]
        times += [seconds_line(count, cell, goal, one, wrong, names) for goal, one in found["goals"].items()]
        scores.append(scores_line(count, cell, found["final"], names))
    return (
        f"Seconds to what scikit-learn reaches in {reach.EPOCHS} epochs, median over the seeds (score: accuracy, or R²):\n\n"
        + markdown(("threads", "cell", "goal", "target", *names, "x fastest"), times)
        + f"\n\nTest scores after {reach.EPOCHS} epochs, mean and standard deviation over the seeds:\n\n"
        + markdown(("threads", "cell", *names), scores)
    )


def costs_tables(content: Content) -> str:
    """What every entry costs, and how many times longer the others take."""
    others = [name for name in entries.MODULES if name != entries.OURS]
    parts = []
    for count, rows in content["results"]["table"].items():
        body = []
        for name, found in rows.items():
            ratios = [f"{found[f'x {peer}']:.2f}" if f"x {peer}" in found else "" for peer in (*others, "fastest")]
            losses = content["results"]["losses"][count].get(name, {})
            last = [f"{losses[peer][-1]:.4f}" if peer in losses else "" for peer in (entries.GATE, entries.OURS)]
            body.append((name, f"{found['us']:.0f}", f"{found['x relu + sgd']:.2f}", *ratios, *last))
        header = ("entry", "us per step", "x relu + sgd", *(f"{peer} / ours" for peer in (*others, "fastest")))
        parts.append(f"{count}:\n\n" + markdown((*header, f"loss {entries.GATE}", f"loss {entries.OURS}"), body))
    return "\n\n".join(parts)


def phases_table(title: str, spans: dict[str, dict[str, dict[str, float]]]) -> str:
    """Milliseconds: a line for each library, a column for each phase."""
    keys = list(next(iter(spans.values()), {}))
    body = [
        (label, *(f"{phase[key]['median']:.1f} ({phase[key]['min']:.1f} to {phase[key]['max']:.1f})" for key in keys))
        for label, phase in spans.items()
    ]
    return f"{title}:\n\n" + markdown(("library", *keys), body)


def cold_tables(content: Content) -> str:
    """Milliseconds from a fresh process on."""
    results = content["results"]
    said = f"{results['threads']} thread(s), {results['repeats']} processes each (3 with an empty cache). Milliseconds:\n\n"
    parts = [phases_table(cell, spans) for cell, spans in results["epochs"].items()]
    return said + "\n\n".join([*parts, phases_table("First fit of 1,000 rows for 10 epochs", results["fits"])])


def predict_table(content: Content) -> str:
    """Microseconds per call: a line for each cell, a column for each library."""
    samples = content["samples"]
    names = columns(list(dict.fromkeys(name for times in samples.values() for name in times)), list(peers.DEFAULT))
    body = []
    for cell, times in samples.items():
        middles = {name: median(values) for name, values in times.items()}
        others = [value for name, value in middles.items() if name != peers.OURS]
        gain = f"{min(others) / middles[peers.OURS]:.2f}" if others and peers.OURS in middles else ""
        body.append((cell, *(f"{middles[name]:.0f}" if name in middles else "" for name in names), gain))
    return "Median microseconds per call:\n\n" + markdown(("cell", *names, "x fastest"), body)


def recording_table(content: Content) -> str:
    """Share of a fit that recording takes: a line for each network."""
    body = [
        (
            one["name"],
            f"{one['ms']:.1f}",
            f"{one['cost']:.1%}",
            " to ".join(f"{share:.1%}" for share in one["quartiles"]),
        )
        for one in content["results"]["results"]
    ]
    return markdown(("fit", "ms without", "recording", "quartiles of the rounds"), body)


MADE: dict[str, Callable[[Content], str]] = {
    "reach": reach_tables,
    "costs": costs_tables,
    "cold": cold_tables,
    "predict": predict_table,
    "recording": recording_table,
}


def section(name: str, content: Content) -> str:
    """The results of one script."""
    head = f"\n## {name}.py\n\n{content['time']}, commit {content['machine']['commit']}\n\n"
    return head + MADE.get(name, everything)(content) + "\n"

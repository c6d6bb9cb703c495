"""The lab: every experiment of the catalogue runs, holds, draws; the command line around them."""

from __future__ import annotations

import ast
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from chainrule.lab import running
from chainrule.lab.bounds import by_folding, most_regions
from chainrule.lab.catalogue import EXPERIMENTS, get_experiment
from chainrule.lab.checks import Band, calibrated, exact, true, within
from chainrule.lab.experiment import LECTURES, Bench, Findings
from chainrule.lab.gallery import written
from tests.command import run as command

SOURCE = Path(running.__file__).parent / "experiments"
DOCS = Path(__file__).parent.parent / "docs"
MODULES = {path.stem for path in SOURCE.glob("*.py")} - {"__init__"}


@pytest.fixture(scope="module", params=sorted(EXPERIMENTS))
def outcome(request):
    """The experiment's run: for real if it is quick, else on the reduced setting."""
    experiment = EXPERIMENTS[request.param]
    return running.run(experiment, Bench(reduced=not experiment.quick))


def test_claim_holds(outcome):
    failed = [check for check in outcome.findings.checks if not check.held]
    assert outcome.findings.checks and not failed
    assert outcome.findings.reading and outcome.verdict.startswith("held")


def test_result_is_plain_data_and_the_picture_a_picture(outcome, tmp_path):
    drawn, told = running.keep(outcome, tmp_path / "new")
    assert drawn.read_bytes().startswith(b"\x89PNG") and drawn.stat().st_size > 5_000
    found = json.loads(told.read_text(), parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert found["held"] and running.kept(outcome.experiment.name, tmp_path / "new") == found


def test_pixels_are_not_all_alike(outcome):
    from io import BytesIO

    from matplotlib.image import imread

    image = imread(BytesIO(running.picture(outcome)))
    assert len(np.unique(image.reshape(-1, image.shape[-1]), axis=0)) > 20


def test_catalogue_and_folder_agree():
    assert {name.replace("-", "_") for name in EXPERIMENTS} == MODULES
    for name, experiment in EXPERIMENTS.items():
        assert experiment.name == name and experiment.lecture in LECTURES
        assert experiment.quick or experiment.reduced_seconds is not None, f"{name} is slow and has no reduced setting"
        assert all((experiment.title, experiment.source, experiment.claim, experiment.prediction))


def test_some_experiment_is_short_enough_to_copy():
    sizes = [len(path.read_text().splitlines()) for path in SOURCE.glob("*.py") if path.stem != "__init__"]
    assert min(sizes) <= 80


def test_quick_set_is_quick():
    assert sum(experiment.seconds for experiment in EXPERIMENTS.values() if experiment.quick) < 180
    assert sum(experiment.seconds for experiment in EXPERIMENTS.values()) < 1800


def test_experiments_name_no_engine_but_the_bench_s():
    for path in SOURCE.glob("*.py"):
        names = {node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)}
        assert not names & {"native"}, f"{path.name}: take bench.engine"


def test_checks():
    assert exact("x", 1 + 1e-12, 1).held and not exact("x", 1.001, 1).held
    assert within("x", 2, 1, 3, "why").held and not within("x", float("nan"), 1, 3, "why").held
    assert true("x", True).held and not true("x", False).held
    band = Band(0, 2, 1, (0.5, 1.5))
    assert calibrated("x", 1.7, band).held and not calibrated("x", 2.1, band).held
    with pytest.raises(ValueError, match="20 seeds"):
        Band(0, 2, 1, (0.5, 1.5), range(5))


def test_gallery_is_what_the_stored_results_make():
    stored = {name: running.kept(name, DOCS / "lab") for name in EXPERIMENTS}
    assert not [name for name, found in stored.items() if found is None]
    page = (DOCS / "lab.md").read_text(encoding="utf-8")
    assert page == written(stored.values(), DOCS / "lab", DOCS), (
        "write it anew: chainrule lab gallery docs/lab.md --out docs/lab"
    )
    for name, experiment in EXPERIMENTS.items():
        found = stored[name]
        assert found["held"] and not found["reduced"] and f'<a id="{name}"></a>' in page
        told = {field: getattr(experiment, field) for field in ("title", "lecture", "source", "claim", "prediction")}
        assert told == {field: found[field] for field in told}, f"run it anew: chainrule lab run {name} --out docs/lab"


def test_gallery_s_pictures_are_small_and_no_others_lie_there():
    sizes = {path.stem: path.stat().st_size for path in (DOCS / "lab").glob("*.png")}
    assert set(sizes) == set(EXPERIMENTS) == {path.stem for path in (DOCS / "lab").glob("*.json")}
    assert max(sizes.values()) < 100_000 and sum(sizes.values()) < 3_000_000


def test_bounds():
    assert most_regions(2, 3) == 7 and most_regions(5, 3) == 2**3
    assert by_folding(1, (4, 4)) == 4 * 5 and by_folding(2, (3,)) == 7


def failing(monkeypatch):
    experiment = replace(
        get_experiment("perceptron-gates"), run=lambda bench: Findings((exact("two", 1, 2),), "It is one.", {})
    )
    experiment = replace(experiment, draw=lambda found, figure: figure.subplots().plot([1, 2]))
    monkeypatch.setitem(EXPERIMENTS, "perceptron-gates", experiment)


def test_failed_claim_has_its_exit_code(monkeypatch, tmp_path):
    failing(monkeypatch)
    result = command("lab", "run", "perceptron-gates", "--out", tmp_path)
    assert result.exit_code == 1
    assert "FAILED" in result.stdout and "NO" in result.stdout and "two" in result.stdout


def test_commands(tmp_path):
    listed = command("lab", "list")
    assert listed.exit_code == 0 and all(name in listed.stdout for name in EXPERIMENTS)
    result = command("lab", "run", "perceptron-gates", "--out", tmp_path, "--json")
    assert json.loads(result.stdout)["results"][0]["verdict"] == "held"
    assert "Novikoff" in command("lab", "show", "perceptron-gates", "--out", tmp_path).stdout
    page = tmp_path / "page.md"
    assert command("lab", "gallery", page, "--out", tmp_path).exit_code == 0
    assert "perceptron-gates.png" in page.read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run",), "say which"),
        (("run", "nothing"), "unknown experiment 'nothing'. `chainrule lab list`"),
        (("run", "momentun"), "Did you mean momentum?"),
        (("show", "novikoff"), "unknown experiment"),
        (("run", "vanish"), "vanishing-gradient"),
        (("run", "--all", "perceptron-gates"), "not both"),
        (("run", "perceptron-gates", "--engine", "quantum"), "must be one of"),
        (("show", "perceptron-gates", "--out", "nowhere"), "run it first"),
        (("gallery", "page.md", "--out", "nowhere"), "holds no results"),
    ],
)
def test_wrong_words(arguments, message):
    result = command("lab", *arguments)
    assert result.exit_code in (1, 2) and message in result.stderr and "Traceback" not in result.stderr

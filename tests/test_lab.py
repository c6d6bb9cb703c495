"""The lab: every experiment of the catalogue runs, holds, draws; the command line around them."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import replace
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest

pytest.importorskip("matplotlib")

from chainrule.cli.text import duration
from chainrule.datasets import mnist
from chainrule.lab import running
from chainrule.lab.bounds import by_folding, most_regions
from chainrule.lab.catalogue import EXPERIMENTS, get_experiment
from chainrule.lab.checks import Band, Check, calibrated, compared, exact, true, within
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


def stored(name):
    return json.loads((DOCS / "lab" / f"{name}.json").read_text(encoding="utf-8"))


def test_quick_set_was_quick():
    took = {name: stored(name)["seconds"] for name in EXPERIMENTS}
    assert sum(seconds for name, seconds in took.items() if EXPERIMENTS[name].quick) < 180
    assert sum(took.values()) < 1800


def test_declared_times_are_those_of_the_stored_runs():
    """Within a factor of 4; up to a second does not matter."""
    times = {name: sorted((experiment.seconds, stored(name)["seconds"])) for name, experiment in EXPERIMENTS.items()}
    assert not {name: pair for name, pair in times.items() if pair[1] > max(1.0, 4 * pair[0])}


DIGITS = sorted(path.stem.replace("_", "-") for path in SOURCE.glob("*.py") if "datasets.mnist" in path.read_text())


def test_experiments_on_digits_say_which(outcome):
    name = outcome.experiment.name
    assert name not in DIGITS or outcome.findings.used in ("MNIST", "scikit-learn's digits (8 x 8)")


TOO_STRONG = ("activations", "full-gradient-or-minibatches", "vanishing-gradient")


def test_claims_that_go_too_far_are_told_with_what_was_measured(outcome):
    """The caveat says what was measured instead, as a share or a small number."""
    if outcome.experiment.name in TOO_STRONG:
        told = outcome.findings.caveat
        assert outcome.verdict == "held, with limits" and re.search(r"\d+(\.\d+)?\s?%|\b0\.\d+\b", told), told


@pytest.mark.parametrize("name", TOO_STRONG)
def test_gallery_tells_them_too(name):
    caveat = stored(name)["caveat"]
    assert re.search(r"\d+(\.\d+)?\s?%|\b0\.\d+\b", caveat) and caveat in (DOCS / "lab.md").read_text(encoding="utf-8")


QUICKEST = sorted(EXPERIMENTS.values(), key=lambda experiment: experiment.reduced_seconds or experiment.seconds)[:10]


@pytest.mark.parametrize("experiment", QUICKEST, ids=lambda experiment: experiment.name)
def test_another_seed_confirms(experiment):
    findings = running.run(experiment, Bench(seed=1, reduced=True)).findings
    assert not [check for check in findings.checks if not check.held]


def test_experiments_name_no_engine_but_the_bench_s():
    for path in SOURCE.glob("*.py"):
        names = {node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)}
        assert not names & {"native"}, f"{path.name}: take bench.engine"


def test_checks():
    assert exact("x", 1 + 1e-12, 1).held and not exact("x", 1.001, 1).held
    assert within("x", 2, 1, 3, "why").held and not within("x", float("nan"), 1, 3, "why").held
    assert true("x", True).held and not true("x", False).held
    assert compared("x", True).held and not compared("x", False).held
    band = Band(0, 2, 1, (0.5, 1.5), range(20))
    assert calibrated("x", 1.7, band).held and not calibrated("x", 2.1, band).held
    with pytest.raises(ValueError, match="20 seeds"):
        Band(0, 2, 1, (0.5, 1.5), range(5))
    with pytest.raises(TypeError, match="seeds"):
        Band(0, 2, 1, (0.5, 1.5))


def test_only_bands_make_calibrated_checks(outcome):
    for check in outcome.findings.checks:
        assert (check.kind == "calibrated") == (check.band is not None)
        assert check.band is None or (
            len(check.band.seeds) >= 20 and f"{len(check.band.seeds)} seeds" in check.expected
        )
    with pytest.raises(ValueError, match="calibrated ones have a Band"):
        Check("x", "calibrated", 1.0, 0.0, 2.0, "0 to 2")


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


def test_failing_check_is_shown_however_late():
    found = stored("shallow-regions")
    found["checks"] = [{**check, "what": f"check {place}"} for place, check in enumerate(found["checks"])]
    found["checks"][-1]["held"] = False
    page = written([found], DOCS / "lab", DOCS)
    last = len(found["checks"]) - 1
    assert last > 12 and f"| check {last} |" in page and "**no**" in page and f"| check {last - 1} |" not in page
    assert f"and {last - 12} more that held" in page


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


def test_what_takes_long_says_so_beforehand(tmp_path):
    """Where there is no terminal a plain line on stderr; with --json nothing but JSON."""
    experiment = get_experiment("perceptron-gates")
    result = command("lab", "run", experiment.name, "--out", tmp_path)
    assert result.stderr.splitlines()[0] == f"{experiment.title} (about {duration(experiment.seconds)})"
    assert experiment.title not in command("lab", "run", experiment.name, "--out", tmp_path, "--json").stderr


def test_download_is_agreed_to_by_flag(monkeypatch, tmp_path):
    """Only --download asks for MNIST, tells size and licence before, and not where the files are."""
    monkeypatch.delenv("CHAINRULE_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    asked = []

    def offline(address, timeout):
        asked.append(address)
        raise URLError("no network here")

    monkeypatch.setattr(mnist, "urlopen", offline)
    arguments = ("lab", "run", "perceptron-gates", "--out", tmp_path)
    assert command(*arguments).exit_code == 0 and not asked
    result = command(*arguments, "--download")
    assert result.exit_code == 1 and len(asked) == 1
    assert "11 MB" in result.stderr and "CC BY-SA 3.0" in result.stderr and "no network here" in result.stderr
    assert result.stderr.index("11 MB") < result.stderr.index("no network here")
    mnist.cache().mkdir(parents=True, exist_ok=True)
    for name in mnist.SHA256:
        (mnist.cache() / name).touch()
    assert command(*arguments, "--download").exit_code == 0 and len(asked) == 1


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

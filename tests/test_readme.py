"""The README says nothing that does not work: its commands are run, its Python executed, its links followed."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    *sorted((ROOT / "docs").rglob("*.md")),
]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)


def commands() -> list[str]:
    """The commands of the shell blocks, without what only installs."""
    parts = [part.strip() for block in blocks("sh") for line in block.splitlines() for part in line.split("&&")]
    return [part for part in parts if not part.startswith("pip install ")]


@pytest.fixture
def folder(tmp_path):
    """What a clone has where the README's commands are typed, apart from the source."""
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    return tmp_path


def test_python_blocks_run_in_order(folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    assert len(blocks("python")) >= 3
    names: dict[str, object] = {}
    for block in blocks("python"):
        exec(compile(block, "README.md", "exec"), names)
    accuracy = float(capsys.readouterr().out.split()[0])
    assert accuracy > 0.9
    assert names["inside"].mean() == pytest.approx(names["y"].mean(), abs=0.05)


def test_commands_run(folder):
    for module in ("typer", "rich", "polars", "matplotlib"):
        pytest.importorskip(module, reason=f"the command line needs {module}: pip install '.[all]'")
    typed = [shlex.split(command) for command in commands() if command.startswith("chainrule ")]
    assert {words[1] for words in typed} == {"train", "predict", "evaluate", "inspect", "play"}
    program = [sys.executable, "-c", "from chainrule.cli import main; main()"]
    environment = {**os.environ, "MPLBACKEND": "agg"}
    for words in typed:
        if words[1] == "play":
            continue  # serves until Ctrl-C: tests/test_playground_command.py types it
        done = subprocess.run(
            program + words[1:], cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{shlex.join(words)}\n{done.stderr}"
        assert "Traceback" not in done.stderr
    written = {path.name for path in folder.iterdir()}
    assert {"penguins.safetensors", "penguins.html", "predictions.csv"} <= written


def test_two_commands_do_everything():
    first, second = (block.strip() for block in blocks("sh")[:2])
    assert first == "pip install '.[all]' && chainrule train examples/penguins.csv --target species"
    assert second == "pip install '.[test]' && python -m pytest"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(document):
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", document.read_text(encoding="utf-8"))
    missing = [link for link in targets if "://" not in link and not (document.parent / link).exists()]
    assert not missing


def test_every_decision_is_in_the_index():
    folder = ROOT / "docs" / "decisions"
    linked = set(re.findall(r"\]\(([\w-]+\.md)\)", (folder / "README.md").read_text(encoding="utf-8")))
    assert linked == {path.name for path in folder.glob("*.md")} - {"README.md"}


def test_the_interface_is_shown():
    """The whole interface stands on the front page."""
    for name in ("MLPClassifier", "MLPRegressor", "Network", "Dense", "train", "save", "load"):
        assert re.search(rf"\b{name}\b", README), name

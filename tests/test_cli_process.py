"""The command as a process: pipes, full disks, signals, start-up, missing extras."""

from __future__ import annotations

import contextlib
import json
import os
import re
import resource
import signal
import subprocess
import sys

import pytest

import chainrule
from tests.command import MAIN, PENGUINS, QUICK, run, start

LIGHT = """
import sys
sys.argv = ["chainrule", "--help"]
from chainrule.cli import main
try:
    main()
except SystemExit:
    pass
heavy = [name for name in ("numpy", "sklearn", "polars", "matplotlib", "scipy") if name in sys.modules]
sys.exit(f"imported: {heavy}" if heavy else 0)
"""
MISSING = """
import sys
sys.modules[{name!r}] = None
sys.argv = ["chainrule", "--version"]
from chainrule.cli import main
main()
"""


def test_python_m_is_the_same_command():
    found = subprocess.run([sys.executable, "-m", "chainrule", "--version"], capture_output=True, text=True)
    assert (found.returncode, found.stdout, found.stderr) == (0, f"chainrule {chainrule.__version__}\n", "")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """A model of penguins."""
    path = tmp_path_factory.mktemp("model") / "m.safetensors"
    assert run("train", PENGUINS, "-t", "species", *QUICK, "--model", path).exit_code == 0
    return path


def finished(process):
    stdout, stderr = process.communicate(timeout=120)
    return process.returncode, stdout, stderr


def test_version():
    assert finished(start("--version")) == (0, f"chainrule {chainrule.__version__}\n", "")


def test_help_imports_nothing_heavy():
    done = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "train" in done.stdout


def test_without_typer_the_command_says_what_to_install():
    done = subprocess.run(
        [sys.executable, "-c", MISSING.format(name="typer")], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 1
    assert "pip install 'chainrule[all]'" in done.stderr
    assert "Traceback" not in done.stderr


def test_from_table_to_predictions(tmp_path):
    code, stdout, _ = finished(start("train", PENGUINS, "--target", "species", *QUICK, cwd=tmp_path))
    assert code == 0
    assert "Model saved to penguins.model.safetensors" in stdout
    code, stdout, stderr = finished(start("predict", "penguins.model.safetensors", PENGUINS, cwd=tmp_path))
    assert (code, stderr) == (0, "")
    assert len(stdout.splitlines()) == 345


def test_a_reader_that_leaves_early_is_no_error(tmp_path, model):
    wide = tmp_path / "wide.csv"
    lines = PENGUINS.read_text().splitlines()
    wide.write_text("\n".join([lines[0], *lines[1:] * 100]) + "\n")
    process = start("predict", model, wide, cwd=tmp_path)
    assert process.stdout.readline().startswith("prediction,")
    process.stdout.close()
    stderr = process.stderr.read()
    assert (process.wait(timeout=120), stderr) == (0, "")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full on this system")
@pytest.mark.parametrize("where", ["stdout", "output"])
def test_a_full_disk_is_said(tmp_path, model, where):
    with open("/dev/full", "w") as full:
        more = {"stdout": full} if where == "stdout" else {}
        option = [] if where == "stdout" else ["--output", "/dev/full"]
        code, _, stderr = finished(start("predict", model, PENGUINS, *option, cwd=tmp_path, **more))
    assert code == 1
    assert "No space left on device" in stderr
    assert "Traceback" not in stderr


@pytest.mark.parametrize("closed", [1, 2])
def test_closed_streams_are_no_error(tmp_path, model, closed):
    def close():
        os.close(closed)

    process = start("evaluate", model, PENGUINS, cwd=tmp_path, preexec_fn=close)
    code, stdout, stderr = finished(process)
    assert (code, "Traceback" in stdout + stderr) == (0, False)
    assert ("accuracy" in stdout, "flatters" in stderr) == (closed == 2, closed == 1)


def test_a_disk_that_fills_up_leaves_the_earlier_model(tmp_path, model):
    before = model.read_bytes()
    earlier = tmp_path / "penguins.model.safetensors"
    earlier.write_bytes(before)

    def limited():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))

    arguments = ("train", PENGUINS, "-t", "species", *QUICK, "--hidden", "9", "--no-progress")
    code, _, stderr = finished(start(*arguments, cwd=tmp_path, preexec_fn=limited))
    assert code == 1
    assert "penguins.model.safetensors: the model could not be saved: File too large." in stderr
    assert "Traceback" not in stderr
    assert earlier.read_bytes() == before
    assert list(tmp_path.iterdir()) == [earlier]


def test_ctrl_c_in_a_running_training_saves_the_model(tmp_path):
    arguments = ("train", PENGUINS, "-t", "species", "--solver", "sgd", "--hidden", "200,200", "--batch-size", "1",
                 "--epochs", "1000000", "--learning-rate", "1e-9")  # fmt: skip
    process = start(*arguments, "--model", "m.safetensors", cwd=tmp_path)
    assert "epoch 1 of" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    code, stdout, stderr = finished(process)
    assert code == 130
    assert "interrupted" in stderr
    assert "Traceback" not in stderr
    assert "Model saved to m.safetensors" in stdout
    assert chainrule.load(tmp_path / "m.safetensors").estimator.n_iter_ < 1_000_000


def test_a_terminal_shows_progress_and_nothing_of_it_stays(tmp_path):
    own, terminal = os.openpty()
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"}
    arguments = ("train", PENGUINS, "-t", "species", "--solver", "sgd", "--batch-size", "1", "--epochs", "400",
                 "--model", "m.safetensors")  # fmt: skip
    process = start(*arguments, cwd=tmp_path, env=environment, stderr=terminal)
    os.close(terminal)
    shown = b""
    with contextlib.suppress(OSError):  # what a terminal without a writer says on Linux
        while chunk := os.read(own, 65536):
            shown += chunk
    assert finished(process)[0] == 0
    text = shown.decode()
    assert "of at most 400" in text
    assert "training loss" in text
    assert "left" in text
    # The last thing done is to erase the lines that were drawn, and to show the cursor again.
    assert text.rindex("\x1b[2K") > text.rindex("training loss")
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")


def test_output_that_is_not_utf_8_shows_what_it_can(tmp_path):
    environment = {**os.environ, "PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}
    arguments = ("train", PENGUINS, "-t", "species", *QUICK)
    code, stdout, _ = finished(start(*arguments, cwd=tmp_path, env=environment, encoding="cp1252"))
    assert code == 0
    assert "8 inputs ? 6 tanh" in stdout
    assert re.search(r"training loss +\S+ to \S+ +[_.~=+*#-]{15}\n", stdout)


def test_json_on_stdout_whatever_stderr_is(tmp_path):
    arguments = [sys.executable, "-c", MAIN, "train", PENGUINS, "-t", "species", *QUICK, "--json"]
    done = subprocess.run(arguments, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120)
    assert json.loads(done.stdout)["target"] == "species"

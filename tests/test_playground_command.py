"""`chainrule play` as a person types it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("websockets")

from tests.command import PENGUINS, QUICK, refused, run

SECONDS = 60


def play(*arguments: str) -> tuple[subprocess.Popen[str], str]:
    """The running command and the address that it printed."""
    command = [sys.executable, "-u", "-m", "chainrule", "play", "--no-browser", *arguments]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_ctrl_c,
        env=os.environ | {"BROWSER": "true"},
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    return process, line[line.index("http://") :].strip() if "http://" in line else ""


def _ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def stop(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=SECONDS)
    return process.returncode, out, err


def fetch(address: str) -> str:
    """A page, waiting for the server to come up."""
    until = time.monotonic() + SECONDS
    while True:
        try:
            with urllib.request.urlopen(address, timeout=10) as answer:
                return answer.read().decode()
        except urllib.error.URLError:
            assert time.monotonic() < until
            time.sleep(0.05)


@pytest.mark.parametrize("arguments", [(), (str(PENGUINS), "--target", "species")])
def test_it_prints_the_address_serves_and_stops(arguments):
    process, address = play(*arguments)
    assert address.startswith("http://127.0.0.1:")
    assert "playground" in fetch(address)
    code, out, err = stop(process)
    assert code == 0
    assert "Stopped." in out
    assert "Traceback" not in err


def test_what_a_link_could_not_say_is_told():
    process, address = play("--link", "#v=1&data=moon&learningRate=0.5")
    assert "playground" in fetch(address)
    code, _, err = stop(process)
    assert code == 0
    assert "moon" in err


def test_wrong_things(tmp_path: Path):
    broken, empty, nothing = tmp_path / "broken.csv", tmp_path / "empty.csv", tmp_path / "nothing.csv"
    broken.write_text("a,b\n1,2\n3,4,5\n")
    empty.write_text("")
    refused(run("play", "--no-browser", broken), 1, "broken.csv", "line 3")
    refused(run("play", "--no-browser", empty), 1, "empty.csv")
    refused(run("play", "--no-browser", nothing), 1, "nothing.csv")
    refused(run("play", "--no-browser", tmp_path), 1, str(tmp_path))
    refused(run("play", "--no-browser", PENGUINS, "--target", "specie"), 1, "did you mean 'species'")
    refused(run("play", "--no-browser", "--target", "species"), 2, "needs a FILE")
    refused(run("play", "--no-browser", "--port", "70000"), 2, "65535")


def test_a_port_that_is_taken():
    process, address = play()
    port = address.removeprefix("http://127.0.0.1:").split("/")[0]
    refused(run("play", "--no-browser", "--port", port), 1, f"Port {port} cannot be used")
    stop(process)


def test_the_model_of_a_table(tmp_path: Path):
    file = tmp_path / "penguins.safetensors"
    assert run("train", PENGUINS, "--target", "species", *QUICK, "--model", file).exit_code == 0
    refused(run("play", "--no-browser", file), 1, "--model")
    refused(run("play", "--no-browser", file, "--model", PENGUINS), 1, "the table comes first")
    process, address = play(str(PENGUINS), "--model", str(file))
    assert "playground" in fetch(address)
    assert stop(process)[0] == 0


def test_a_model_file(tmp_path: Path):
    from sklearn.datasets import load_iris

    import chainrule

    X, y = load_iris(return_X_y=True)
    model = chainrule.MLPClassifier((5,), max_iter=300, random_state=0).fit(X, y)
    file = tmp_path / "iris.safetensors"
    chainrule.save(model, file)
    process, address = play(str(file))
    assert "playground" in fetch(address)
    assert stop(process)[0] == 0

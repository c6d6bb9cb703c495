"""The playground's server as a page uses it: one session a socket, live frames, bounded work, a clean end."""

from __future__ import annotations

import contextlib
import json
import struct
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_iris

pytest.importorskip("uvicorn")
client = pytest.importorskip("websockets.sync.client")
from websockets.exceptions import ConnectionClosed, InvalidStatus  # noqa: E402

import chainrule  # noqa: E402
from chainrule.playground.data.source import Source  # noqa: E402
from chainrule.playground.server import application  # noqa: E402
from chainrule.playground.server.runner import Start  # noqa: E402
from tests.playground_server import let_in, serving  # noqa: E402

SECONDS = 30.0


class Line:
    """A page's end of the socket."""

    def __init__(self, socket: Any) -> None:
        self.socket, self._number = socket, 0
        self.live: list[dict[str, Any]] = []
        self.events: list[dict[str, Any]] = []

    def send(self, action: str, **arguments: Any) -> int:
        self._number += 1
        self.socket.send(json.dumps({"id": self._number, "do": action, "with": arguments}))
        return self._number

    def upload(self, name: str, content: bytes, **more: Any) -> Any:
        self._number += 1
        head = json.dumps({"id": self._number, "do": "upload", "name": name, **more}).encode()
        self.socket.send(struct.pack("<I", len(head)) + head + content)
        return self.answer(self._number)

    def ask(self, action: str, **arguments: Any) -> Any:
        return self.answer(self.send(action, **arguments))

    def answer(self, number: int) -> Any:
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            found = self.receive(until - time.monotonic())
            if found.get("id") == number:
                return found
        raise AssertionError(f"no answer to {number}")

    def receive(self, seconds: float = SECONDS) -> dict[str, Any]:
        message = self.socket.recv(seconds)
        found = json.loads(message) if isinstance(message, str) else unpack(message)
        if found.get("live"):
            self.live.append(found)
            self.socket.send(json.dumps({"do": "drawn"}))
        elif "event" in found:
            self.events.append(found)
        return found


def unpack(message: bytes) -> dict[str, Any]:
    """The header, with its arrays by name."""
    assert message[:4] == b"CRF1"
    length = struct.unpack_from("<I", message, 4)[0]
    header = json.loads(message[8 : 8 + length])
    blob = message[8 + length :]
    arrays = {
        one["name"]: np.frombuffer(blob[one["offset"] : one["offset"] + one["bytes"]], one["dtype"]).reshape(
            one["shape"]
        )
        for one in header["arrays"]
    }
    return {**header, "arrays": arrays}


@contextlib.contextmanager
def line(server: Any) -> Iterator[Line]:
    origin = f"http://127.0.0.1:{server.port}"
    with client.connect(
        f"ws://127.0.0.1:{server.port}/live",
        origin=origin,
        additional_headers=let_in(server),
        max_size=None,
        compression=None,
    ) as socket:
        yield Line(socket)


def wait(true: Any) -> None:
    until = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_open_play_pause(server):
    with line(server) as page:
        opened = page.ask("open", given=None)["ok"]
        assert opened["describe"]["data"]["name"] == "circle"
        assert opened["options"]["solvers"]
        page.ask("watch", wanted={"map": {"resolution": 30}, "metrics": True}, fps=60)
        page.ask("play")
        wait(lambda: page.receive() and len(page.live) >= 5)
        paused = page.ask("pause")["ok"]["status"]
        first, last = page.live[0], page.live[-1]
        assert last["status"]["epoch"] > first["status"]["epoch"]
        assert last["metrics"]["train_loss"] < first["metrics"]["train_loss"]
        assert last["arrays"]["map"].shape == (1, 30, 30)
        assert page.ask("status")["ok"]["epoch"] == paused["epoch"]


def test_the_newest_frame_comes_only_when_the_last_was_drawn(server):
    with line(server) as page:
        page.ask("open")
        page.ask("watch", wanted={"metrics": True}, fps=120)
        page.receive()
        page.live.clear()
        page.socket.send(json.dumps({"do": "play"}))
        found = unpack(page.socket.recv(SECONDS))  # not acknowledged
        time.sleep(0.5)
        with pytest.raises(TimeoutError):
            page.socket.recv(0.2)
        page.socket.send(json.dumps({"do": "drawn"}))
        newer = unpack(page.socket.recv(SECONDS))
        assert newer["status"]["epoch"] > found["status"]["epoch"] + 100


def test_a_hidden_page_gets_no_frames_while_training_goes_on(server):
    with line(server) as page:
        page.ask("open")
        page.ask("watch", wanted={"metrics": True}, fps=120)
        page.receive()
        page.ask("hidden", hidden=True)
        page.ask("play")
        page.live.clear()
        before = page.ask("status")["ok"]["epoch"]
        time.sleep(0.3)
        assert page.ask("status")["ok"]["epoch"] > before
        assert page.live == []
        page.ask("hidden", hidden=False)
        wait(lambda: page.receive() and page.live)


def test_speed_of_epochs(server):
    with line(server) as page:
        page.ask("open")
        page.ask("play", speed=20)
        time.sleep(1.0)
        assert 10 <= page.ask("pause")["ok"]["status"]["epoch"] <= 30


def test_closing_the_page_ends_the_work():
    with serving() as server:
        runners = server._playground.runners
        with line(server) as page:
            page.ask("open")
            page.ask("play")
            (runner,) = runners
        wait(lambda: not runners)
        assert runner.join(SECONDS)


def test_stopping_the_server_in_the_middle_of_training():
    with serving() as server, line(server) as page:
        page.ask("open")
        page.ask("play")
        (runner,) = server._playground.runners
        server.stop()
        assert runner.join(0.1)
        with pytest.raises(ConnectionClosed):
            while True:
                page.socket.recv(SECONDS)


def test_sessions_are_bounded():
    with serving() as server, contextlib.ExitStack() as stack:
        for _ in range(application.MOST_RUNNERS):
            stack.enter_context(line(server)).ask("open")
        with pytest.raises(InvalidStatus, match="429"), line(server):
            pass


def test_own_table(server):
    rows = "\n".join(f"{i % 7},{i % 3},{'yes' if i % 7 > 3 else 'no'}" for i in range(200))
    with line(server) as page:
        page.ask("open")
        found = page.upload("mine.csv", f"a,b,label\n{rows}\n".encode())
        assert found["ok"]["data"]["target"] == "label"
        assert found["ok"]["data"]["classes"] == ["no", "yes"]
        wrong = page.upload("broken.csv", b"a,b\n1,2,3\n")
        assert wrong["error"]["kind"] == "table"
        assert "broken.csv" in wrong["error"]["text"]
        # What was there is still there.
        assert page.ask("describe")["ok"]["data"]["target"] == "label"


def test_a_model_file_that_is_none(server):
    with line(server) as page:
        page.ask("open")
        for content in (b"\x10\x00\x00\x00\x00\x00\x00\x00{}rubbish", b"\x80\x04pickle", b"", b"PK\x03\x04"):
            assert "text" in page.upload("model.safetensors", content)["error"]


def test_a_model_file(server, tmp_path):
    X, y = load_iris(return_X_y=True)
    with pytest.warns(Warning):
        model = chainrule.MLPClassifier((5,), max_iter=5, random_state=0).fit(X, y)
    chainrule.save(model, tmp_path / "iris")
    with line(server) as page:
        page.ask("open")
        opened = page.upload("iris.safetensors", (tmp_path / "iris").read_bytes())["ok"]
        assert opened["status"]["widths"] == [4, 5, 3]
        assert opened["data"]["classes"] == ["0", "1", "2"]
        assert any("without rows" in note["text"] for note in opened["notes"])
        page.ask("watch", wanted={"weights": True}, fps=60)
        page.receive()
        arrays = page.live[-1]["arrays"]
        for place, (W, b) in enumerate(zip(model.coefs_, model.intercepts_, strict=True)):
            np.testing.assert_allclose(arrays[f"W{place}"], W, rtol=1e-6)
            np.testing.assert_allclose(arrays[f"b{place}"], b, rtol=1e-6)
        # It trains on from there.
        assert page.ask("advance", epochs=2)["ok"]["status"]["epoch"] == 2


def test_a_model_file_that_is_too_large(server, tmp_path):
    X, y = load_iris(return_X_y=True)
    with pytest.warns(Warning):
        chainrule.save(chainrule.MLPClassifier((600,), max_iter=1).fit(X, y), tmp_path / "large")
    with line(server) as page:
        page.ask("open")
        error = page.upload("large.safetensors", (tmp_path / "large").read_bytes())["error"]
        assert error["kind"] == "value"
        assert "600 units" in error["text"]
        assert page.ask("describe")["ok"]["network"]["widths"] == [2, 4, 2, 1]


def test_hostile_wishes_get_an_answer_each(server):
    hostile: list[tuple[str, dict[str, Any]]] = [
        ("nothing", {}),
        ("__class__", {}),
        ("_act", {}),
        ("close", {}),
        ("open", {"given": {"network": {"layers": [{"units": 10**9, "activation": "tanh"}]}}, "more": 1}),
        ("play", {"speed": -1}),
        ("play", {"speed": "fast"}),
        ("watch", {"wanted": [], "fps": 0}),
        ("watch", {"wanted": {"map": {"resolution": 10**9}}, "fps": 10**9}),
        ("advance", {"epochs": "x"}),
        ("step", {"what": "moon"}),
        ("change", {"changes": 5}),
        ("edit", {"kind": "weight", "layer": 99, "unit": 0, "source": 0, "value": 1}),
        ("edit", {"kind": "weight", "layer": 0, "unit": 0, "source": 0, "value": 1e999}),
        ("export", {"kind": "../../etc/passwd"}),
        ("explain", {"what": {"kind": "weight", "layer": -1, "unit": 10**30, "source": 0}}),
        ("digit", {"pixels": [0] * 10}),
        ("surface", {"resolution": 10**6}),
        ("upload", {"name": "x"}),
    ]  # fmt: skip
    with line(server) as page:
        assert "error" in page.ask("status")  # before it is opened
        page.ask("open")
        for action, arguments in hostile:
            if action == "edit" and arguments["value"] == 1e999:
                page.socket.send(
                    '{"id": 999, "do": "edit", "with": {"kind": "bias", "layer": 0, "unit": 0, "value": 1e999}}'
                )
                found = page.answer(999)
            else:
                found = page.ask(action, **arguments)
            error = found.get("error")
            assert error, (action, found)
            assert error["kind"] != "internal", (action, error)
        assert page.ask("describe")["ok"]["network"]["widths"] == [2, 4, 2, 1]


def test_nonsense_in_a_change_is_repaired_with_notes(server):
    with line(server) as page:
        page.ask("open")
        found = page.ask("change", changes={"training.learning_rate": "x" * 1000, "a.b.c": {}})["ok"]
        assert {note["field"] for note in found["notes"]} >= {"training.learning_rate"}
        assert len(json.dumps(found["notes"])) < 2000


def test_enormous_setups_are_repaired_with_notes(server):
    with line(server) as page:
        given = {
            "network": {"layers": [{"units": 10**9}] * 1000},
            "data": {"n": 10**12, "name": "<script>alert(1)</script>"},
        }
        opened = page.ask("open", given=given)["ok"]["describe"]
        assert opened["status"]["parameters"] <= 1_000_000
        assert {note["level"] for note in opened["notes"]} & {"repaired", "ignored", "warning"}


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "{", '{"do": "open", "id": 1e400}', '{"do": "open", "with": {"given": NaN}}', "\x00"]
)
def test_rubbish_on_the_socket_is_answered(server, text):
    with line(server) as page:
        page.socket.send(text)
        assert page.receive()["error"]["kind"] == "message"
        assert "ok" in page.ask("open")


def test_messages_over_the_limit_end_the_socket(server):
    with line(server) as page, pytest.raises(ConnectionClosed):
        page.socket.send(b"\x00" * (40 * 2**20))
        while True:
            page.socket.recv(SECONDS)


def test_arrays_from_python():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((300, 3))
    with serving(Start(source=Source.from_arrays(X, X[:, 0] > 0))) as server, line(server) as page:
        opened = page.ask("open")["ok"]
        assert opened["own"] is True
        assert opened["describe"]["data"]["rows"] == 300
        assert opened["describe"]["data"]["dimension"] == 3


def test_a_port_that_is_taken(server):
    with pytest.raises(ValueError, match=f"Port {server.port} cannot be used"):
        chainrule.playground(port=server.port, browser=False)


def test_from_python_prints_the_address(capsys):
    running = chainrule.playground(browser=False)
    try:
        assert f"http://127.0.0.1:{running.port}/?token=" in capsys.readouterr().out
        assert running.running
    finally:
        running.stop()
    assert not running.running

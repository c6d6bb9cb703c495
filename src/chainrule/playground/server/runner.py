"""A session at work in a thread of its own.

Wishes are granted in order, with training between them; the newest picture goes out when the page has drawn the last.
"""

from __future__ import annotations

import json
import logging
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any

import numpy as np

from chainrule.files import HEAD, MODEL, recognised
from chainrule.playground.actions import as_error
from chainrule.playground.data.source import Source
from chainrule.playground.pictures.frames import Frame, pack
from chainrule.playground.server.messages import Request
from chainrule.playground.session import Session
from chainrule.playground.settings.options import options
from chainrule.playground.settings.presets import presets

LOG = logging.getLogger("chainrule.playground")
# Seconds of training between two looks at the wishes.
SLICE = 0.008
# Without limit: the time of a slice ends the training.
ENDLESS = 10**9
MOST_FRAMES = 120


@dataclass(frozen=True)
class Start:
    """What a new page is given.

    Parameters
    ----------
    given : dict, str or None
        Setup as plain data, text of an address, or None for the default; the page's own wish goes before it.
    source : Source or None
        The user's own data or model.
    """

    given: dict[str, Any] | str | None = None
    source: Source | None = None

    def notes(self) -> list[str]:
        """What had to be repaired or left out; a ValueError if it cannot be opened at all."""
        _, notes = Session.open(self.given, self.source)
        return [f"{note['field']}: {note['text']}" if note["field"] else note["text"] for note in notes]


def _told(error: Exception) -> dict[str, Any]:
    if not isinstance(error, (ValueError, ModuleNotFoundError, MemoryError)):
        LOG.error("A wish of the page failed; please report it.", exc_info=error)
    return as_error(error)


def _called(door: Callable[..., Any], request: Request) -> Any:
    try:
        bound = signature(door).bind(**request.arguments)
    except TypeError as error:
        raise ValueError(f"{request.action}: {error}.") from None
    return door(*bound.args, **bound.kwargs)


class Runner:
    """Owns one session; `ask` may be called from any thread, everything else happens in the runner's own.

    Parameters
    ----------
    start : Start
    send : callable
        Takes a str (JSON) or bytes (packed frame); called in the runner's thread.
    """

    def __init__(self, start: Start, send: Callable[[str | bytes], None]) -> None:
        self._start, self._send = start, send
        self._wishes: SimpleQueue[Request | None] = SimpleQueue()
        self._session: Session | None = None
        self._playing = self._hidden = self._closed = False
        self._speed: float | None = None
        self._next_epoch = 0.0
        self._wanted: dict[str, Any] = {}
        self._pause_between = 1 / 30
        # A live frame is due / the page has drawn the last one.
        self._stale, self._drawn, self._sent_at = True, True, 0.0
        self._thread = Thread(target=self._run, name="chainrule-playground", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Wishes not yet granted."""
        return self._wishes.qsize()

    def ask(self, request: Request) -> None:
        """Grant a wish after those before it."""
        self._wishes.put(request)

    def close(self) -> None:
        """Stop training after the present slice and forget everything."""
        self._closed = True
        self._wishes.put(None)

    def join(self, seconds: float) -> bool:
        """Wait for the end; whether it came."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        while not self._closed:
            request = self._next()
            if request is not None and not self._closed:
                self._grant(request)
            if self._playing and not self._closed:
                self._train()
            if self._frame_due() and not self._closed:
                self._show()

    def _next(self) -> Request | None:
        """The next wish; waits for one if there is nothing else to do."""
        try:
            if self._playing:
                return self._wishes.get_nowait() if self._speed is None else self._wishes.get(timeout=self._rest())
            until = max(0.0, self._sent_at + self._pause_between - time.monotonic())
            return self._wishes.get(timeout=until if self._wants_frame() else None)
        except Empty:
            return None

    def _rest(self) -> float:
        return max(1e-4, self._next_epoch - time.monotonic())

    def _grant(self, request: Request) -> None:
        try:
            answer = self._act(request)
        except Exception as error:
            # Whatever goes wrong is told to the page; the session goes on.
            self._say({"id": request.number, **_told(error)})
        else:
            if request.number is not None:
                self._answer(request.number, answer)

    def _act(self, request: Request) -> Any:
        own: dict[str, Callable[..., Any]] = {
            "open": self._open, "play": self._play, "pause": self._pause, "watch": self._watch, "drawn": self._has_drawn,
            "hidden": self._hide, "options": options,
        }  # fmt: skip
        if request.action in own:
            return _called(own[request.action], request)
        session = self._opened()
        if request.action == "upload":
            answer: Any = session.load(self._source(request), request.arguments.get("changes"))
        else:
            answer = session.do(request.action, request.arguments)
        self._stale = True
        return answer

    def _opened(self) -> Session:
        if self._session is None:
            raise ValueError('The first action of a page is "open".')
        return self._session

    def _open(self, given: Any = None) -> dict[str, Any]:
        wish = self._start.given if given is None else given
        self._session, notes = Session.open(wish, self._start.source)
        self._playing, self._stale = False, True
        described = self._session.describe()
        return {
            "describe": {**described, "notes": [*notes, *described["notes"]]},
            "options": options(),
            "presets": presets(),
            "own": self._start.source is not None,
        }

    def _play(self, speed: float | None = None) -> Any:
        if speed is not None and not (isinstance(speed, (int, float)) and 0 < speed <= ENDLESS):
            raise ValueError(f"speed: a positive number of epochs per second or null, not {speed!r}.")
        self._playing, self._speed, self._next_epoch = True, speed, time.monotonic()
        return self._opened().proceed()

    def _pause(self) -> dict[str, Any]:
        self._playing, self._stale = False, True
        return {"status": self._opened().status(), "notes": [], "changed": []}

    def _watch(self, wanted: dict[str, Any] | None = None, fps: float = 30) -> None:
        if not isinstance(wanted or {}, dict) or not (isinstance(fps, (int, float)) and 0 < fps <= MOST_FRAMES):
            raise ValueError(f"watch: an object of wanted parts, and fps up to {MOST_FRAMES}.")
        self._wanted, self._pause_between, self._stale = wanted or {}, 1 / fps, True

    def _has_drawn(self) -> None:
        self._drawn = True

    def _hide(self, hidden: bool = True) -> None:
        self._hidden, self._stale = bool(hidden), True

    def _source(self, request: Request) -> Source:
        name = request.arguments.get("name")
        if not isinstance(name, str) or not name:
            raise ValueError("upload: the file's name is missing.")
        if recognised(request.content[:HEAD]) != MODEL:
            return Source.from_bytes(request.content, name)
        from chainrule.models import load

        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "model.safetensors"
            file.write_bytes(request.content)
            return Source.from_model(load(file))

    def _train(self) -> None:
        session = self._opened()
        if self._speed is None:
            reply = session.advance(ENDLESS, SLICE)
        elif time.monotonic() < self._next_epoch:
            return
        else:
            behind = 1 + int((time.monotonic() - self._next_epoch) * self._speed)
            reply = session.advance(behind, SLICE)
            self._next_epoch = max(self._next_epoch + behind / self._speed, time.monotonic() - SLICE)
        self._stale = True
        if reply["status"]["state"] != "ready":
            self._playing = False
            self._say({"event": "stopped", "reply": reply})

    def _wants_frame(self) -> bool:
        return self._session is not None and self._stale and self._drawn and not self._hidden and bool(self._wanted)

    def _frame_due(self) -> bool:
        return self._wants_frame() and time.monotonic() >= self._sent_at + self._pause_between

    def _show(self) -> None:
        self._sent_at, self._stale, self._drawn = time.monotonic(), False, False
        try:
            frame = self._opened().frame(self._wanted)
        except Exception as error:
            self._drawn, self._wanted = True, {}
            self._say({"event": "unseen", **_told(error)})
        else:
            self._send(pack(Frame({**frame.header, "live": True, "playing": self._playing}, frame.arrays)))

    def _answer(self, number: int, answer: Any) -> None:
        if isinstance(answer, Frame):
            self._send(pack(Frame({**answer.header, "id": number}, answer.arrays)))
        elif isinstance(answer, dict) and isinstance(answer.get("bytes"), bytes):
            header = {"id": number, "name": answer["name"], "type": answer["type"]}
            self._send(pack(Frame(header, {"bytes": np.frombuffer(answer["bytes"], np.uint8)})))
        else:
            self._say({"id": number, "ok": answer})

    def _say(self, message: dict[str, Any]) -> None:
        self._send(json.dumps(message, allow_nan=False))

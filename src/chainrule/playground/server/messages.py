"""What page and server say to each other over the WebSocket, checked before anything acts on it.

A text is one JSON object ``{"id", "do", "with"}``; a binary message carries a file behind such an object (`Request.content`).
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from typing import Any, NoReturn

# A table of the user's, and what stands around it.
MOST_BYTES = 32 * 2**20 + 2**16
MOST_TEXT = 2 * 2**20


@dataclass(frozen=True)
class Request:
    """One wish of the page.

    Parameters
    ----------
    action : str
        What to do.
    arguments : dict
        With what.
    number : int or None
        Comes back in the answer; without one there is none.
    content : bytes
        The file of an upload.
    """

    action: str
    arguments: dict[str, Any] = field(default_factory=dict)
    number: int | None = None
    content: bytes = b""


def read_text(text: str) -> Request:
    """Read a text message.

    Raises
    ------
    ValueError
        If it is not such an object; what was expected.
    """
    if len(text) > MOST_TEXT:
        raise ValueError(f"A message has {len(text):,} characters; at most {MOST_TEXT:,} are read.")
    return _request(_json(text))


def read_binary(message: bytes) -> Request:
    """Read a message with a file: length of the object (4 bytes, little-endian), the object, the file.

    Raises
    ------
    ValueError
        If it is not one.
    """
    length = int(struct.unpack_from("<I", message)[0]) if len(message) >= 4 else -1
    if not 0 < length <= min(MOST_TEXT, len(message) - 4):
        raise ValueError("A file's message begins with the length of its description.")
    try:
        text = message[4 : 4 + length].decode()
    except UnicodeDecodeError:
        raise ValueError("The description of a file is not UTF-8.") from None
    return _request(_json(text), message[4 + length :])


def _json(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("A message is nested too deeply.") from None
    except ValueError as error:
        raise ValueError(f"A message is not JSON: {error}.") from None


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def _request(given: Any, content: bytes = b"") -> Request:
    if not isinstance(given, dict) or not isinstance(given.get("do"), str):
        raise ValueError('A message is an object with "do", the name of an action.')
    number, arguments = given.get("id"), given.get("with", {})
    if not (number is None or type(number) is int) or not isinstance(arguments, dict):
        raise ValueError('A message has a whole number "id" and an object "with", or none.')
    if content or given["do"] == "upload":
        arguments = {name: value for name, value in given.items() if name not in ("id", "do", "with")} | arguments
    return Request(given["do"], arguments, number, content)

"""The playground: data, network and training in one object that answers in plain data and frames; a page shows it."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

from chainrule.playground.actions import ACTIONS, as_error
from chainrule.playground.data.source import Source
from chainrule.playground.pictures.frames import Frame, pack, unpack
from chainrule.playground.session import Session
from chainrule.playground.settings.address import read_hash, write_hash
from chainrule.playground.settings.limits import LIMITS
from chainrule.playground.settings.links import rival_setup
from chainrule.playground.settings.options import options
from chainrule.playground.settings.presets import presets
from chainrule.playground.settings.setup import Note, Setup

__all__ = [
    "ACTIONS",
    "LIMITS",
    "Frame",
    "Note",
    "Session",
    "Setup",
    "Source",
    "as_error",
    "options",
    "pack",
    "presets",
    "read_hash",
    "rival_setup",
    "unpack",
    "write_hash",
]

if TYPE_CHECKING:
    from chainrule.playground.server.launch import Server


class _Callable(ModuleType):
    """`chainrule.playground(X, y)` although this package has the name."""

    def __call__(self, *given: Any, **settings: Any) -> Server:
        from chainrule.playground.server.launch import playground

        return playground(*given, **settings)


sys.modules[__name__].__class__ = _Callable

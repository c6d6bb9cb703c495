"""The playground: data, network and training in one object that answers in plain data and frames; a page shows it."""

from chainrule.playground.actions import ACTIONS, as_error
from chainrule.playground.address import read_hash, write_hash
from chainrule.playground.frames import Frame, pack, unpack
from chainrule.playground.limits import LIMITS
from chainrule.playground.links import rival_setup
from chainrule.playground.options import options
from chainrule.playground.presets import presets
from chainrule.playground.session import Session
from chainrule.playground.setup import Note, Setup
from chainrule.playground.source import Source

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

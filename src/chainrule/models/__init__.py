"""Model files: one safetensors file of plain data, saved atomically, loaded strictly, never executed."""

from __future__ import annotations

from chainrule.models.files import inspect_file, load, save

__all__ = ["inspect_file", "load", "save"]

"""Traces: every number of a network's forward and backward pass, named, re-derivable, explained."""

from __future__ import annotations

from chainrule.trace.estimator import trace_estimator
from chainrule.trace.front import trace
from chainrule.trace.header import DataRow, Header
from chainrule.trace.record import Trace
from chainrule.trace.rows import Quantity, Row
from chainrule.trace.table import trace_table
from chainrule.trace.verify import Failure, Report, verify

__all__ = [
    "DataRow",
    "Failure",
    "Header",
    "Quantity",
    "Report",
    "Row",
    "Trace",
    "trace",
    "trace_estimator",
    "trace_table",
    "verify",
]

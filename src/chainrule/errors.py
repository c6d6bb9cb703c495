"""The exceptions that leave the library beside ValueError, TypeError and scikit-learn's own."""

from __future__ import annotations

from typing import Any


class ChainruleError(Exception):
    """Base of chainrule's own exceptions."""


class DivergenceError(ChainruleError, ValueError):
    """Training produced numbers that are not finite.

    Attributes
    ----------
    failure : Failure or None
        What an estimator's `fit` recorded until then; `chainrule.diagnosis.diagnose` takes the error itself.
    """

    failure: Any = None


class TableError(ChainruleError, ValueError):
    """A table cannot be used as it is; the message names file, row and column."""


class ModelFileError(ChainruleError, ValueError):
    """A model file cannot be read, or one to be written could not be; nothing was used or written."""


class DatasetError(ChainruleError, ValueError):
    """A data set is not there, or its files are damaged; the message says what to do."""

"""A method of a frozen object, as a function that can be compared, hashed, copied and pickled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Method:
    """``owner.name`` as a function; two are equal if their owners are.

    Python's own bound methods are equal only for the *same* owner, so a copied estimator would no longer equal its original.

    Parameters
    ----------
    owner : object
        A frozen dataclass.
    name : str
        The method's name.
    """

    owner: Any
    name: str

    def __call__(self, *arguments: Any) -> Any:
        """Call the method."""
        return getattr(self.owner, self.name)(*arguments)

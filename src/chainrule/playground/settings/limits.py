"""How large a playground may become: a page in a browser is no place for the largest data."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Limits:
    """The most of everything.

    Parameters
    ----------
    bytes : int
        Of an uploaded file.
    rows, columns : int
        Of a table.
    inputs : int
        Of the network, after encoding.
    layers, units : int
        Hidden layers, and units of each.
    parameters : int
        Of the network.
    points : int
        Points drawn by hand.
    toy : int
        Points of a toy problem.
    """

    bytes: int = 32 * 2**20
    rows: int = 200_000
    columns: int = 1000
    inputs: int = 2000
    layers: int = 8
    units: int = 512
    parameters: int = 1_000_000
    points: int = 5000
    toy: int = 20_000

    def to_plain(self) -> dict[str, int]:
        """Plain data."""
        return asdict(self)


LIMITS = Limits()

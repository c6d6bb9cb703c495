"""The grid: which networks, batches, solvers and activations are compared, and how much work one step of each is."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import pairwise, product

ALPHA = 1e-4
RATES = {("adam", "classification"): 1e-3, ("adam", "regression"): 1e-3,
         ("sgd", "classification"): 1e-2, ("sgd", "regression"): 1e-3}  # fmt: skip
MOMENTUM, BETA_1, BETA_2, EPSILON = 0.9, 0.9, 0.999, 1e-8

SHAPES = {
    "20-64-64-2": "classification",
    "54-100-2": "classification",
    "100-256-256-10": "classification",
    "784-100-100-10": "classification",
    "784-512-512-10": "classification",
    "64-16-1": "regression",
    "256-512-512-512-1": "regression",
}
BATCHES = (32, 128, 200, 512)
SOLVERS = ("adam", "sgd")
ACTIVATIONS = ("relu", "tanh", "logistic")
DESIGN = (("2-8-8-2", 10), ("64-100-10", 200), ("30-128-128-2", 256), ("784-128-64-10", 128), ("784-1024-1024-10", 256))

# Values a solver reads or writes per parameter and step: weights and state in and out, a second weight layout out.
STREAMS = {"adam": 7, "sgd": 5}


@dataclass(frozen=True)
class Cell:
    """One comparison: a network, a batch size, a solver."""

    shape: str
    batch: int
    solver: str
    activation: str
    task: str
    group: str = "grid"

    @property
    def name(self) -> str:
        """How the cell is called in tables and on the command line."""
        return f"{self.shape} b{self.batch} {self.solver} {self.activation}"

    @property
    def widths(self) -> tuple[int, ...]:
        """Units of every layer, inputs first."""
        return tuple(int(part) for part in self.shape.split("-"))

    @property
    def rate(self) -> float:
        """The learning rate."""
        return RATES[self.solver, self.task]

    @property
    def flop(self) -> int:
        """Floating-point operations of the products of one step: forward, dW, and dX of all layers but the first."""
        products = [fan_in * fan_out for fan_in, fan_out in pairwise(self.widths)]
        return 6 * self.batch * sum(products) - 2 * self.batch * products[0]

    @property
    def parameters(self) -> int:
        """Number of weights and biases."""
        return sum((fan_in + 1) * fan_out for fan_in, fan_out in pairwise(self.widths))

    @property
    def steps(self) -> int:
        """Steps per epoch: at most 500 and 60,000 rows, about 4 GFLOP, at least 10."""
        return max(10, min(500, 60_000 // self.batch, round(4e9 / self.flop)))

    @property
    def rows(self) -> int:
        """Rows of the training set: whole batches only."""
        return self.steps * self.batch

    def solver_bytes(self, itemsize: int) -> int:
        """Bytes the solver moves per step."""
        return STREAMS[self.solver] * self.parameters * itemsize


@dataclass(frozen=True)
class Sized(Cell):
    """A cell outside the grid, with so many steps per epoch."""

    group: str = "extra"
    n_steps: int = 10

    @property
    def steps(self) -> int:
        """Steps per epoch, as given."""
        return self.n_steps


def design_cells() -> list[Cell]:
    """The five rows of the design's table."""
    return [Cell(shape, batch, "adam", "relu", "classification", "design") for shape, batch in DESIGN]


def grid_cells() -> list[Cell]:
    """The whole grid, ordered so that any beginning of it is a spread over shapes, batches, solvers and activations."""
    rest = {
        shape: [Cell(shape, b, s, a, task) for b, s, a in product(BATCHES, SOLVERS, ACTIVATIONS)]
        for shape, task in SHAPES.items()
    }
    for place, cells in enumerate(rest.values()):
        random.Random(place).shuffle(cells)
    return [cells[turn] for turn in range(len(BATCHES) * len(SOLVERS) * len(ACTIVATIONS)) for cells in rest.values()]


def all_cells() -> list[Cell]:
    """Design rows first, then the grid."""
    return design_cells() + grid_cells()


def select(patterns: list[str]) -> list[Cell]:
    """The cells that match any of the patterns: 'all', 'design', 'grid', or words that the name must all contain."""
    chosen = []
    for cell in all_cells():
        for pattern in patterns:
            if pattern in ("all", cell.group) or all(word in cell.name.split() for word in pattern.split()):
                chosen.append(cell)
                break
    if not chosen:
        raise SystemExit(f"no cell matches {patterns}; names look like {all_cells()[0].name!r}")
    return chosen

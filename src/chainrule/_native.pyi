"""chainrule's native engine."""

from collections.abc import Sequence
from typing import Annotated, overload

import numpy
from numpy.typing import NDArray
from typing_extensions import CapsuleType

def available_kernels() -> list[str]:
    """Instruction sets usable on this processor, fastest first."""

class Head:
    """A slice of the outputs with an activation and a loss."""

    def __init__(
        self,
        activation: int,
        loss: int,
        first: int,
        units: int,
        weight: float,
        delta: float,
        smoothing: float,
        levels: Sequence[float],
    ) -> None: ...

class Shape:
    """
    A network: widths, activations, dropout (inputs first), batch normalisation, heads.
    """

    def __init__(
        self,
        widths: Sequence[int],
        activations: Sequence[int],
        dropout: Sequence[float],
        batch_norm: Sequence[bool],
        heads: Sequence[Head],
        mean_reported: bool,
    ) -> None: ...

class Settings:
    """A solver with its hyper-parameters, and what else a step does."""

    def __init__(
        self,
        *,
        solver: int,
        slots: int,
        momentum: float,
        second: float,
        epsilon: float,
        dampening: float,
        nesterov: bool,
        alpha: float,
        l2: float,
        l1: float,
        weight_decay: float,
        max_norm: float,
        clip_norm: float,
        clip_value: float,
        layer_rates: Sequence[float],
        seed: int,
    ) -> None: ...

class Workers:
    """Threads that stay; for one prediction at a time."""

    def __init__(self, threads: int) -> None: ...

class RowsF32:
    """Rows of inputs that stay where Python has them."""

    @staticmethod
    def dense(
        X: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order="C", device="cpu", writable=False)],
    ) -> RowsF32:
        """Rows of a C-contiguous matrix."""

    @staticmethod
    def sparse(
        indptr: Annotated[NDArray[numpy.int64], dict(shape=(None,), order="C", device="cpu", writable=False)],
        indices: Annotated[NDArray[numpy.int32], dict(shape=(None,), order="C", device="cpu", writable=False)],
        values: Annotated[NDArray[numpy.float32], dict(shape=(None,), order="C", device="cpu", writable=False)],
    ) -> RowsF32:
        """Rows of a CSR matrix with sorted indices."""

class TrainerF32:
    """A training in progress: parameters and solver state."""

    def __init__(
        self,
        shape: Shape,
        settings: Settings,
        threads: int,
        kernels: str,
        rows: RowsF32,
        targets: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order="C", device="cpu", writable=False)],
        weights: Annotated[NDArray[numpy.float32], dict(shape=(None,), order="C", device="cpu", writable=False)] | None,
    ) -> None: ...
    def epoch(
        self,
        order: Annotated[NDArray[numpy.int64], dict(shape=(None,), order="C", device="cpu", writable=False)],
        rates: Annotated[NDArray[numpy.float64], dict(shape=(None,), order="C", device="cpu", writable=False)],
        batch: int,
    ) -> tuple[float, int, list[float], list[float]]:
        """
        One pass over the rows `order`: sum of objective times rows, rows, norms of gradient and change per layer.
        """

    def epochs(
        self,
        order: Annotated[NDArray[numpy.int64], dict(shape=(None,), order="C", device="cpu")],
        rates: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order="C", device="cpu", writable=False)],
        batch: int,
        stream: CapsuleType | None,
        table: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order="C", device="cpu")],
        tol: float,
        patience: float,
        count: float,
        best: float,
        seconds: float,
    ) -> tuple[int, float, float, object]:
        """
        As many epochs as `table` has rows, or fewer (see group.hpp): how many, count and best value of the patience, interruption.
        """

    def gradient(self, out: Annotated[NDArray[numpy.float32], dict(shape=(None,), order="C", device="cpu")]) -> float:
        """The objective over all rows; its gradient goes to `out`."""

    def set_theta(
        self, theta: Annotated[NDArray[numpy.float32], dict(shape=(None,), order="C", device="cpu", writable=False)]
    ) -> None: ...
    def get_theta(
        self, out: Annotated[NDArray[numpy.float32], dict(shape=(None,), order="C", device="cpu")]
    ) -> None: ...
    def set_state(
        self,
        slot: int,
        vector: Annotated[NDArray[numpy.float32], dict(shape=(None,), order="C", device="cpu", writable=False)],
    ) -> None: ...
    def get_state(
        self, slot: int, out: Annotated[NDArray[numpy.float32], dict(shape=(None,), order="C", device="cpu")]
    ) -> None: ...
    @property
    def carried(self) -> float: ...
    @carried.setter
    def carried(self, arg: float, /) -> None: ...
    @property
    def steps(self) -> int: ...
    @steps.setter
    def steps(self, arg: int, /) -> None: ...

@overload
def predict(
    shape: Shape,
    theta: Annotated[NDArray[numpy.float32], dict(shape=(None,), order="C", device="cpu", writable=False)],
    rows: RowsF32,
    out: Annotated[NDArray[numpy.float32], dict(shape=(None, None), order="C", device="cpu")],
    threads: int,
    kernels: str,
    workers: Workers | None,
) -> None: ...
@overload
def predict(
    shape: Shape,
    theta: Annotated[NDArray[numpy.float64], dict(shape=(None,), order="C", device="cpu", writable=False)],
    rows: RowsF64,
    out: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order="C", device="cpu")],
    threads: int,
    kernels: str,
    workers: Workers | None,
) -> None:
    """
    Output activations of every row into `out`, by `workers` of as many threads or its own.
    """

class RowsF64:
    """Rows of inputs that stay where Python has them."""

    @staticmethod
    def dense(
        X: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order="C", device="cpu", writable=False)],
    ) -> RowsF64:
        """Rows of a C-contiguous matrix."""

    @staticmethod
    def sparse(
        indptr: Annotated[NDArray[numpy.int64], dict(shape=(None,), order="C", device="cpu", writable=False)],
        indices: Annotated[NDArray[numpy.int32], dict(shape=(None,), order="C", device="cpu", writable=False)],
        values: Annotated[NDArray[numpy.float64], dict(shape=(None,), order="C", device="cpu", writable=False)],
    ) -> RowsF64:
        """Rows of a CSR matrix with sorted indices."""

class TrainerF64:
    """A training in progress: parameters and solver state."""

    def __init__(
        self,
        shape: Shape,
        settings: Settings,
        threads: int,
        kernels: str,
        rows: RowsF64,
        targets: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order="C", device="cpu", writable=False)],
        weights: Annotated[NDArray[numpy.float64], dict(shape=(None,), order="C", device="cpu", writable=False)] | None,
    ) -> None: ...
    def epoch(
        self,
        order: Annotated[NDArray[numpy.int64], dict(shape=(None,), order="C", device="cpu", writable=False)],
        rates: Annotated[NDArray[numpy.float64], dict(shape=(None,), order="C", device="cpu", writable=False)],
        batch: int,
    ) -> tuple[float, int, list[float], list[float]]:
        """
        One pass over the rows `order`: sum of objective times rows, rows, norms of gradient and change per layer.
        """

    def epochs(
        self,
        order: Annotated[NDArray[numpy.int64], dict(shape=(None,), order="C", device="cpu")],
        rates: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order="C", device="cpu", writable=False)],
        batch: int,
        stream: CapsuleType | None,
        table: Annotated[NDArray[numpy.float64], dict(shape=(None, None), order="C", device="cpu")],
        tol: float,
        patience: float,
        count: float,
        best: float,
        seconds: float,
    ) -> tuple[int, float, float, object]:
        """
        As many epochs as `table` has rows, or fewer (see group.hpp): how many, count and best value of the patience, interruption.
        """

    def gradient(self, out: Annotated[NDArray[numpy.float64], dict(shape=(None,), order="C", device="cpu")]) -> float:
        """The objective over all rows; its gradient goes to `out`."""

    def set_theta(
        self, theta: Annotated[NDArray[numpy.float64], dict(shape=(None,), order="C", device="cpu", writable=False)]
    ) -> None: ...
    def get_theta(
        self, out: Annotated[NDArray[numpy.float64], dict(shape=(None,), order="C", device="cpu")]
    ) -> None: ...
    def set_state(
        self,
        slot: int,
        vector: Annotated[NDArray[numpy.float64], dict(shape=(None,), order="C", device="cpu", writable=False)],
    ) -> None: ...
    def get_state(
        self, slot: int, out: Annotated[NDArray[numpy.float64], dict(shape=(None,), order="C", device="cpu")]
    ) -> None: ...
    @property
    def carried(self) -> float: ...
    @carried.setter
    def carried(self, arg: float, /) -> None: ...
    @property
    def steps(self) -> int: ...
    @steps.setter
    def steps(self, arg: int, /) -> None: ...

"""A number that remembers what it was computed from.

A node is a leaf (its `data` can be changed) or computed (its `data` follows from its inputs). The two passes belong to lecture
003, 'Gradient over a Graph of Arithmetic Operations': forward computes `data`, backward computes `grad`.

What can be read, and when:

* `data` is there as soon as a node is made. After a leaf has changed, computed nodes that depend on it refuse to show their old
  value until `forward()` has run.
* `grad` is None until `backward()` has run, and None again after `forward()`. It is the derivative of *one* number, the node on
  which `backward()` was called last: a second call starts afresh, it never adds to the first.
* every number is finite; an operation without a finite result is a ValueError that names the node.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any
from weakref import ref

from chainrule.graph.checks import checked_function, checked_number, checked_text, evaluated
from chainrule.graph.names import as_latex, as_text
from chainrule.graph.operations import OPERATIONS, Operation, own_operation

if TYPE_CHECKING:
    from chainrule.graph.drawing import Drawing
    from chainrule.graph.graph import Graph
    from chainrule.graph.passes import Backward, Forward
    from chainrule.graph.steps import Step

CROWDED = 64  # so many users of a node, and every doubling, are a reason to look which of them still exist


class Value:
    """A node of a scalar computational graph.

    Arithmetic (``+ - * / **``) and the methods `exp`, `log`, `tanh`, `sigmoid`, `relu`, `apply` make new nodes. Plain numbers in
    an expression become constants, which have no gradient.

    Parameters
    ----------
    data : float
        The number; finite.
    name : str
        What to call it; see `chainrule.graph.names` for how names are written ("w_1", "omega_0").
    latex : str
        Its LaTeX, if it is not to follow from the name.
    constant : bool
        Whether the number is given (a target, say), so that nobody asks for a derivative with respect to it.

    Raises
    ------
    TypeError
        If data is not a number.
    ValueError
        If data is not finite.

    Examples
    --------
    >>> w, x = Value(0.35, "w"), Value(0.5, "x", constant=True)
    >>> y = (w * x).tanh().named("y")
    >>> w.grad is None
    True
    >>> y.backward()
    >>> round(w.grad, 6)
    0.484995
    """

    # numpy must leave `array * value` to Value, which refuses it, instead of making an array of objects.
    __array_ufunc__ = None
    __slots__ = (
        "__weakref__", "_consumers", "_data", "_grad", "_latex", "_pass", "constant", "inputs", "name", "operation",
    )  # fmt: skip

    def __init__(self, data: float, name: str = "", latex: str = "", *, constant: bool = False) -> None:
        self.name, self._latex = checked_text("name", name), checked_text("latex", latex)
        self.operation: Operation | None = None
        self.inputs: tuple[Value, ...] = ()
        self.constant = bool(constant)
        self._data: float | None = checked_number(data, repr(name) if name else "a Value")
        self._grad: float | None = None
        self._pass: Backward | None = None
        # Weak: a graph that nobody holds any longer must not live on in the leaves it was made from.
        self._consumers: list[ref[Value]] = []

    @classmethod
    def computed(cls, operation: Operation, inputs: Sequence[Value]) -> Value:
        """The node that applies an operation to other nodes.

        Raises
        ------
        ValueError
            If the result is not a finite number, or an input is out of date.
        """
        node = cls(0.0)
        node.operation, node.inputs = operation, tuple(inputs)
        node.constant = all(each.constant for each in node.inputs)
        node.recompute()
        here = ref(node)
        for each in node.inputs:
            each._consumers.append(here)
            count = len(each._consumers)
            if count >= CROWDED and count & (count - 1) == 0:
                each._consumers = [known for known in each._consumers if known() is not None]
        return node

    # ---- the number -----------------------------------------------------------------------------------------------------

    @property
    def known(self) -> bool:
        """Whether `data` is up to date."""
        return self._data is not None

    @property
    def data(self) -> float:
        """The number.

        Raises
        ------
        ValueError
            On reading a computed node after a leaf below it has changed; on setting a number that is not finite.
        TypeError
            On setting a computed node.
        """
        if self._data is None:
            raise ValueError(
                f"the value of {self.label} is out of date: a leaf that it depends on has changed, or a forward pass has "
                "not come to it yet. Call forward() on the last node of the graph first."
            )
        return self._data

    @data.setter
    def data(self, number: float) -> None:
        """Change a leaf; what is computed from it is out of date until `forward()`."""
        if self.operation is not None:
            raise TypeError(
                f"{self.label} is computed by {self.operation.name!r}, so its data cannot be set; "
                "change a leaf and call forward()."
            )
        self._data = checked_number(number, self.label)
        self._forget_consumers()

    def _forget_consumers(self) -> None:
        """Everything computed from this node is out of date from now on."""
        waiting = [self]
        while waiting:
            for consumer in (known() for known in waiting.pop()._consumers):
                # What depends on a node that is out of date is out of date already.
                if consumer is not None and consumer._data is not None:
                    consumer._data = None
                    waiting.append(consumer)

    def recompute(self) -> float:
        """Compute this one node from its inputs: one step of the forward pass.

        Raises
        ------
        ValueError
            If the result is not a finite number, or an input is out of date.
        """
        if self.operation is not None:
            numbers = [each.data for each in self.inputs]
            self._data = evaluated(self.operation, self.operation.value, numbers, "value of", self.name)
        return self.data

    @property
    def grad(self) -> float | None:
        """Derivative of the node on which `backward()` was called last with respect to this one; None before, see above."""
        return self._grad

    def slope(self, place: int) -> float:
        """Local derivative of this node towards its input number `place`.

        Raises
        ------
        ValueError
            If it is not a finite number, such as that of a root at 0.
        """
        assert self.operation is not None, "a leaf has no inputs"
        numbers = [each.data for each in self.inputs]
        function, v = self.operation.slope, self.data
        what = f"derivative towards input {place} of"
        return evaluated(self.operation, lambda *x: function(place, v, *x), numbers, what, self.name)

    # ---- the passes -----------------------------------------------------------------------------------------------------

    @property
    def graph(self) -> Graph:
        """All nodes that this one is computed from."""
        from chainrule.graph.graph import Graph

        return Graph(self)

    def forward(self) -> float:
        """Compute everything that this node depends on anew, and itself; gradients become None. Returns `data`."""
        self.graph.forward()
        return self.data

    def backward(self) -> None:
        """Derivatives of this node with respect to every node that it depends on: their `grad` (multivariate chain rule).

        Raises
        ------
        ValueError
            If a value is out of date (`forward()` comes first) or a derivative is not finite.
        """
        self.graph.backward()

    def forward_pass(self) -> Forward:
        """The forward pass, one node at a time: ``for step in y.forward_pass(): print(step)``."""
        return self.graph.forward_pass()

    def backward_pass(self) -> Backward:
        """The backward pass, one node at a time."""
        return self.graph.backward_pass()

    def draw(self, highlight: Value | Step | None = None, *, digits: int = 6, limit: int = 300) -> Drawing:
        """A picture of the graph up to this node; see `Graph.draw`."""
        return self.graph.draw(highlight, digits=digits, limit=limit)

    # ---- names ----------------------------------------------------------------------------------------------------------

    def named(self, name: str, latex: str = "") -> Value:
        """Give the node a name; returns the node, so that it can stand at the end of an expression."""
        self.name, self._latex = checked_text("name", name), checked_text("latex", latex)
        return self

    @property
    def label(self) -> str:
        """The name, or what stands in its place in messages."""
        if self.name:
            return as_text(self.name)
        if self.operation is not None:
            return f"an unnamed {self.operation.name!r} node"
        return "a constant" if self.constant else "an unnamed leaf"

    @property
    def latex(self) -> str:
        """LaTeX of the name; empty for nodes without one."""
        return self._latex or (as_latex(self.name) if self.name else "")

    def __reduce_ex__(self, protocol: Any) -> Any:
        """A copied leaf would not know what is computed from it, so copying and pickling are refused."""
        raise TypeError(
            f"{self.label} is one node of a graph and cannot be copied or pickled; build the expression again."
        )

    def __repr__(self) -> str:
        data = "out of date" if self._data is None else f"{self._data:.6g}"
        grad = "None" if self._grad is None else f"{self._grad:.6g}"
        start = f"{self.name!r}, " if self.name else ""
        return f"Value({start}data={data}, grad={grad})"

    # ---- arithmetic -----------------------------------------------------------------------------------------------------

    def __add__(self, other: Any) -> Value:
        return _combined("add", self, other)

    def __radd__(self, other: Any) -> Value:
        return _combined("add", other, self)

    def __sub__(self, other: Any) -> Value:
        return _combined("subtract", self, other)

    def __rsub__(self, other: Any) -> Value:
        return _combined("subtract", other, self)

    def __mul__(self, other: Any) -> Value:
        return _combined("multiply", self, other)

    def __rmul__(self, other: Any) -> Value:
        return _combined("multiply", other, self)

    def __truediv__(self, other: Any) -> Value:
        return _combined("divide", self, other)

    def __rtruediv__(self, other: Any) -> Value:
        return _combined("divide", other, self)

    def __pow__(self, other: Any) -> Value:
        return _combined("power", self, other)

    def __rpow__(self, other: Any) -> Value:
        return _combined("power", other, self)

    def __pos__(self) -> Value:
        return self

    def __neg__(self) -> Value:
        return Value.computed(OPERATIONS["negate"], (self,))

    def exp(self) -> Value:
        """``e**x``."""
        return Value.computed(OPERATIONS["exp"], (self,))

    def log(self) -> Value:
        """The natural logarithm."""
        return Value.computed(OPERATIONS["log"], (self,))

    def tanh(self) -> Value:
        """The hyperbolic tangent (lecture 001, 'Common activation functions')."""
        return Value.computed(OPERATIONS["tanh"], (self,))

    def sigmoid(self) -> Value:
        """``1 / (1 + e**-x)`` (lecture 001, 'Common activation functions')."""
        return Value.computed(OPERATIONS["sigmoid"], (self,))

    def relu(self) -> Value:
        """``max(0, x)``; its slope at 0 is 0 (lecture 001, 'Common activation functions')."""
        return Value.computed(OPERATIONS["relu"], (self,))

    def apply(self, name: str, value: Callable[[float], float], slope: Callable[[float], float]) -> Value:
        """Any other function of one number: ``x.apply("sin", math.sin, math.cos)``.

        Parameters
        ----------
        name : str
            What to call it.
        value, slope : callable
            ``x -> f(x)`` and ``x -> f'(x)``.
        """
        checked_function(name, value=value, slope=slope)
        return Value.computed(own_operation(name, value, lambda k, v, x: slope(x)), (self,))


def _converted(given: Any) -> Value | None:
    if isinstance(given, Value):
        return given
    if isinstance(given, Real) and not isinstance(given, bool):
        return Value(given, constant=True)  # type: ignore[arg-type]
    return None


def _combined(name: str, left: Any, right: Any) -> Value:
    """A binary operation; NotImplemented, as Python wants it, for what is no number."""
    first, second = _converted(left), _converted(right)
    if first is None or second is None:
        return NotImplemented  # type: ignore[no-any-return]
    return Value.computed(OPERATIONS[name], (first, second))


def as_value(given: Any, where: str) -> Value:
    """A Value as it is, a number as a constant; TypeError, with `where` in the message, for anything else."""
    value = _converted(given)
    if value is None:
        raise TypeError(f"{where} needs Values or numbers, got {given!r} of type {type(given).__name__}.")
    return value

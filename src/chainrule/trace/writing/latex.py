"""Formulas as LaTeX, for amsmath."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chainrule.trace.writing import expressions as e
from chainrule.trace.writing.numbers import parts
from chainrule.trace.writing.writer import Writer

SIGNS = {"·": r" \cdot ", "⊙": r" \odot ", "−": " - ", "+": " + ", "": r"\ "}
# Never a bare bar: it would end a cell of a Markdown table.
BARS = {"|": (r"\left\vert ", r"\right\vert "), "‖": (r"\left\Vert ", r"\right\Vert ")}
LAST_LATIN = 0x180
MOST_TOGETHER = 3
# Wider arrays are written small.
MOST_WIDE = 5
KNOWN = ("log", "tanh", "max", "min", "exp")
ESCAPED = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "_": r"\_", "%": r"\%", "&": r"\&", "#": r"\#", "$": r"\$",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "−": "$-$", "→": r"$\to$", "×": r"$\times$", "·": r"$\cdot$",
    "…": r"\dots{}", "⟨": r"$\langle$", "⟩": r"$\rangle$", "η": r"$\eta$", "²": r"\textsuperscript{2}", "≤": r"$\le$",
    "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}", "′": r"$'$", "∞": r"$\infty$", "ᵀ": r"$^{T}$",
    "∂": r"$\partial$", "≥": r"$\ge$", 
    "Ω": r"$\Omega$", "β": r"$\beta$", "δ": r"$\delta$", "ℓ": r"$\ell$", "Δ": r"$\Delta$", "✓": r"$\checkmark$", "✗": r"$\times$",
}  # fmt: skip


def escaped(text: str) -> str:
    """Words as LaTeX shows them literally."""
    return "".join(_escaped(char) for char in text)


def _escaped(char: str) -> str:
    if char in ESCAPED:
        return ESCAPED[char]
    if ord(char) < 128:
        return char if char.isprintable() or char == "\n" else " "
    # pdfTeX knows the letters of European languages; for others the page's preamble says what to do.
    return (
        char if char.isprintable() and ord(char) < LAST_LATIN else rf"\other{{{char if char.isprintable() else '?'}}}"
    )


class Latex(Writer):
    """Formulas for LaTeX's mathematics mode."""

    def inline(self, expression: e.Expression) -> str:
        """A formula inside a text."""
        return f"${self.write(expression)}$"

    def number(self, value: float) -> str:
        """A number; powers of ten as such."""
        mantissa, exponent = (part.replace("−", "-") for part in parts(value, self.digits))
        told = {"NaN": r"\text{NaN}", "∞": r"\infty", "-∞": r"-\infty"}.get(mantissa, mantissa)
        return rf"{told} \times 10^{{{exponent}}}" if exponent else told

    def symbol(self, symbol: e.Symbol) -> str:
        """A letter with its places."""
        base = rf"\boldsymbol{{{symbol.letter.latex}}}" if symbol.bold else symbol.letter.latex
        below = f"_{{{symbol.sub}}}" if symbol.sub else ""
        above = symbol.sup.replace("⟨", r"\langle ").replace("⟩", r"\rangle ")
        return base + below + (f"^{{{above}}}" if above else "")

    def words(self, text: str) -> str:
        """Words."""
        return rf"\text{{{escaped(text)}}}"

    def operator(self, sign: str) -> str:
        """A sign between two parts."""
        return SIGNS[sign]

    def bracket(self, inner: str) -> str:
        """Round brackets that grow."""
        return rf"\left({inner}\right)"

    def quotient(self, quotient: e.Quotient) -> str:
        """A fraction."""
        return rf"\frac{{{self.write(quotient.top)}}}{{{self.write(quotient.bottom)}}}"

    def power(self, base: str, exponent: str) -> str:
        """A power."""
        return f"{{{base}}}^{{{exponent}}}"

    def root(self, inner: str) -> str:
        """A square root."""
        return rf"\sqrt{{{inner}}}"

    def call(self, name: str, arguments: list[str]) -> str:
        """A function of something."""
        bare = name.rstrip("′")
        prime = "'" * (len(name) - len(bare))
        named = (
            rf"\{bare}"
            if bare in KNOWN
            else {"σ": r"\sigma", "Φ": r"\Phi"}.get(bare, rf"\operatorname{{{escaped(bare)}}}")
        )
        if len(arguments) > MOST_TOGETHER:
            # Brackets that grow would keep the list on one line.
            listed = r", \allowbreak ".join(arguments)
            return f"{named}{prime}({listed})"
        return rf"{named}{prime}\left({', '.join(arguments)}\right)"

    def fenced(self, inner: str, bar: str) -> str:
        """Between bars."""
        left, right = BARS[bar]
        return f"{left}{inner}{right}"

    def derivative(self, of: str, by: str) -> str:
        """A derivative."""
        return rf"\frac{{\partial {of}}}{{\partial {by}}}"

    def transposed(self, inner: str) -> str:
        """Rows and columns exchanged."""
        return f"{{{inner}}}^{{T}}"

    def total(self, inner: str) -> str:
        """A sum over the data rows."""
        return rf"\sum {inner}"

    def change(self, inner: str) -> str:
        """The change of something."""
        return rf"\Delta {inner}"

    def primed(self, inner: str) -> str:
        """Something after the step."""
        return f"{{{inner}}}'"

    def tagged(self, inner: str, remark: str) -> str:
        """Something with a remark."""
        return rf"\left.{inner}\right\vert_{{{remark}}}"

    def indexed(self, name: str, place: str) -> str:
        """A quantity of another one."""
        return f"{{{name}}}_{{{place}}}"

    def dots(self) -> str:
        """What is left out."""
        return r"\dots"


def matrix(array: NDArray[np.float64], write: Latex) -> str:
    """An array between brackets."""
    lines = r" \\ ".join(" & ".join(write.number(float(value)) for value in line) for line in array)
    if array.shape[1] > MOST_WIDE:
        return rf"\left[\begin{{smallmatrix}} {lines} \end{{smallmatrix}}\right]"
    return rf"\begin{{bmatrix}} {lines} \end{{bmatrix}}"

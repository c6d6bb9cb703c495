"""Formulas as plain text in Unicode, and the same in ASCII for terminals that have nothing else."""

from __future__ import annotations

from unicodedata import normalize

from chainrule.trace.writing import expressions as e
from chainrule.trace.writing.numbers import shown
from chainrule.trace.writing.writer import MULTIPLIED, RAISED, WHOLE, Writer

SUBSCRIPTS = dict(zip("0123456789hio,+", "₀₁₂₃₄₅₆₇₈₉ₕᵢₒ,₊", strict=True))
SUPERSCRIPTS = dict(zip("0123456789()+−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾⁺⁻", strict=True))


class Text(Writer):
    """Formulas on one line of Unicode text."""

    stacks_fractions = False
    in_exponents = WHOLE

    def number(self, value: float) -> str:
        """A number."""
        return shown(value, self.digits)

    def symbol(self, symbol: e.Symbol) -> str:
        """A letter with its places, below before above."""
        return symbol.letter.text + lowered(symbol.sub) + raised(symbol.sup)

    def words(self, text: str) -> str:
        """Words."""
        return text

    def operator(self, sign: str) -> str:
        """A sign between two parts."""
        return sign if sign == "·" else f" {sign} " if sign else " "

    def bracket(self, inner: str) -> str:
        """Round brackets."""
        return f"({inner})"

    def quotient(self, quotient: e.Quotient) -> str:
        """A fraction on one line."""
        return f"{self.inner(quotient.top, MULTIPLIED)} / {self.inner(quotient.bottom, RAISED)}"

    def power(self, base: str, exponent: str) -> str:
        """A power."""
        return base + (raised(exponent) if all(char in SUPERSCRIPTS for char in exponent) else f"^{exponent}")

    def root(self, inner: str) -> str:
        """A square root."""
        return f"√({inner})"

    def call(self, name: str, arguments: list[str]) -> str:
        """A function of something."""
        return f"{name}({', '.join(arguments)})"

    def fenced(self, inner: str, bar: str) -> str:
        """Between bars."""
        return f"{bar}{inner}{bar}"

    def derivative(self, of: str, by: str) -> str:
        """A derivative."""
        return f"∂{of}/∂{by}"

    def transposed(self, inner: str) -> str:
        """Rows and columns exchanged."""
        return f"{inner}ᵀ"

    def total(self, inner: str) -> str:
        """A sum over the data rows."""
        return f"Σ {inner}"

    def change(self, inner: str) -> str:
        """The change of something."""
        return f"Δ{inner}"

    def primed(self, inner: str) -> str:
        """Something after the step."""
        return f"{inner}′"

    def tagged(self, inner: str, remark: str) -> str:
        """Something with a remark."""
        return f"{inner} [{remark}]"

    def indexed(self, name: str, place: str) -> str:
        """A quantity of another one."""
        return f"{name}[{place}]"

    def dots(self) -> str:
        """What is left out."""
        return "…"


def lowered(text: str) -> str:
    """The text as a subscript where Unicode has the characters, else behind an underscore."""
    if all(char in SUBSCRIPTS for char in text):
        return "".join(SUBSCRIPTS[char] for char in text)
    return f"_{text}"


def raised(text: str) -> str:
    """The text as a superscript where Unicode has the characters, else as it is."""
    return "".join(SUPERSCRIPTS.get(char, char) for char in text)


ASCII = {
    **{small: f"_{char}" for char, small in SUBSCRIPTS.items() if char != ","},
    **{small: f"^{char}" for char, small in SUPERSCRIPTS.items()},
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "η": "eta", "μ": "mu", "σ": "sigma", "ω": "omega",
    "θ": "theta", "ε": "eps", "û": "u_hat", "Û": "U_hat", "ū": "u_bar", "ã": "a~", "Ã": "A~", "ỹ": "y~", "Ỹ": "Y~", "Ω": "Omega",
    "Δ": "Delta ", "Σ": "sum", "∂": "d", "ℓ": "l", "·": "*", "⊙": "(*)", "−": "-", "√": "sqrt", "∞": "inf", "′": "'",
    "ᵀ": "^T", "⟨": "<", "⟩": ">", "×": "x", "→": "->", "…": "...", "‖": "||", "≤": "<=", "≥": ">=", "≈": "~", "✓": "ok",
    "✗": "FAIL", "’": "'", "–": "-", "—": "-", "\u0302": "^", "\u0303": "~", "\u0304": "_bar", "²": "^2",
    "│": "|", "─": "-", "┼": "+", "═": "=", "━": "-", "╇": "+", "┃": "|",
}  # fmt: skip


def in_ascii(text: str) -> str:
    """The text in ASCII; runs of indices keep one mark."""
    written = ""
    for char in text:
        plain = char if char.isascii() else ASCII.get(char) or _decomposed(char)
        mark = plain[0] if len(plain) == 2 and plain[0] in "_^" else ""
        written += plain[1:] if mark and _indexed(written, mark) else plain
    return written


def _decomposed(char: str) -> str:
    """The letter without its accents."""
    parts = "".join(part for part in normalize("NFKD", char) if part.isascii())
    return parts or "?"


def _indexed(written: str, mark: str) -> bool:
    """Whether the text ends in an index behind that mark."""
    bare = written.rstrip("0123456789hio,()")
    return bare != written and bare.endswith(mark)

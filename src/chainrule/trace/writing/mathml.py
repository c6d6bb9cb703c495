"""Formulas as MathML Core, which browsers show without a script and screen readers read aloud."""

from __future__ import annotations

from html import escape

from chainrule.trace.writing import expressions as e
from chainrule.trace.writing.numbers import parts
from chainrule.trace.writing.text import Text
from chainrule.trace.writing.writer import Writer

# Browsers do not break lines inside a formula: a sum of more terms is written as one formula for each.
MOST_TOGETHER = 3


class MathML(Writer):
    """Formulas for web pages."""

    def formula(self, expression: e.Expression) -> str:
        """A whole formula, with the same in plain text for readers without MathML."""
        return self.wrapped(Text(self.digits).write(expression), self.write(expression))

    def equation(self, left: e.Expression, right: e.Expression) -> str:
        """An equation."""
        text = Text(self.digits)
        plain, start = f"{text.write(left)} = {text.write(right)}", f"{self.write(left)}<mo>=</mo>"
        if not isinstance(right, e.Sum) or len(right.terms) <= MOST_TOGETHER:
            return self.wrapped(plain, start + self.write(right))
        first, *rest = self.summands(right.terms)
        pieces = [start + first, *(piece.replace("<mo>", '<mo form="infix">', 1) for piece in rest)]
        written = "\N{ZERO WIDTH SPACE}".join(
            f'<math displaystyle="true" aria-hidden="true">{piece}</math>' for piece in pieces
        )
        return f'<span role="math" aria-label="{escape(plain, quote=True)}">{written}</span>'

    @staticmethod
    def wrapped(plain: str, written: str) -> str:
        """A formula with its alternative in plain text; a fraction on its own line is written large."""
        return f'<math displaystyle="true" alttext="{escape(plain, quote=True)}">{written}</math>'

    def number(self, value: float) -> str:
        """A number; powers of ten as such."""
        mantissa, exponent = parts(value, self.digits)
        told = f"<mn>{mantissa}</mn>"
        if not exponent:
            return told
        return f"<mrow>{told}<mo>×</mo><msup><mn>10</mn><mn>{exponent}</mn></msup></mrow>"

    def symbol(self, symbol: e.Symbol) -> str:
        """A letter with its places."""
        kind = ' class="array"' if symbol.bold else ""
        base = f"<mi{kind}>{escape(symbol.letter.text)}</mi>"
        below, above = (f"<mtext>{escape(place)}</mtext>" for place in (symbol.sub, symbol.sup))
        if symbol.sub and symbol.sup:
            return f"<msubsup>{base}{below}{above}</msubsup>"
        if symbol.sub:
            return f"<msub>{base}{below}</msub>"
        return f"<msup>{base}{above}</msup>" if symbol.sup else base

    def words(self, text: str) -> str:
        """Words."""
        return f"<mtext>{escape(text)}</mtext>"

    def operator(self, sign: str) -> str:
        """A sign between two parts."""
        return f"<mo>{sign}</mo>" if sign else '<mspace width="0.3em"></mspace>'

    def bracket(self, inner: str) -> str:
        """Round brackets that grow."""
        return f"<mrow><mo>(</mo>{inner}<mo>)</mo></mrow>"

    def quotient(self, quotient: e.Quotient) -> str:
        """A fraction."""
        return self._fraction(self.write(quotient.top), self.write(quotient.bottom))

    @staticmethod
    def _fraction(top: str, bottom: str) -> str:
        return f"<mfrac><mrow>{top}</mrow><mrow>{bottom}</mrow></mfrac>"

    def power(self, base: str, exponent: str) -> str:
        """A power."""
        return f"<msup><mrow>{base}</mrow><mrow>{exponent}</mrow></msup>"

    def root(self, inner: str) -> str:
        """A square root."""
        return f"<msqrt>{inner}</msqrt>"

    def call(self, name: str, arguments: list[str]) -> str:
        """A function of something."""
        listed = "<mo>,</mo>".join(arguments)
        return f"<mrow><mi>{escape(name)}</mi><mo>(</mo>{listed}<mo>)</mo></mrow>"

    def fenced(self, inner: str, bar: str) -> str:
        """Between bars."""
        return f"<mrow><mo>{bar}</mo>{inner}<mo>{bar}</mo></mrow>"

    def derivative(self, of: str, by: str) -> str:
        """A derivative."""
        return self._fraction(f"<mo>∂</mo>{of}", f"<mo>∂</mo>{by}")

    def transposed(self, inner: str) -> str:
        """Rows and columns exchanged."""
        return f"<msup><mrow>{inner}</mrow><mi>T</mi></msup>"

    def total(self, inner: str) -> str:
        """A sum over the data rows."""
        return f"<mrow><mo>∑</mo>{inner}</mrow>"

    def change(self, inner: str) -> str:
        """The change of something."""
        return f"<mrow><mo>Δ</mo>{inner}</mrow>"

    def primed(self, inner: str) -> str:
        """Something after the step."""
        return f"<msup><mrow>{inner}</mrow><mo>′</mo></msup>"

    def tagged(self, inner: str, remark: str) -> str:
        """Something with a remark."""
        return f"<msub><mrow>{inner}<mo>|</mo></mrow><mrow>{remark}</mrow></msub>"

    def indexed(self, name: str, place: str) -> str:
        """A quantity of another one."""
        return f"<msub><mrow>{name}</mrow><mrow>{place}</mrow></msub>"

    def dots(self) -> str:
        """What is left out."""
        return "<mo>…</mo>"

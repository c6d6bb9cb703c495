"""Formulas written as text, LaTeX and MathML, and numbers with the reader's digits."""

from chainrule.trace.writing.latex import Latex
from chainrule.trace.writing.mathml import MathML
from chainrule.trace.writing.numbers import shown
from chainrule.trace.writing.text import Text, in_ascii
from chainrule.trace.writing.writer import Writer

__all__ = ["Latex", "MathML", "Text", "Writer", "in_ascii", "shown"]

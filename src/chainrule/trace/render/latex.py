"""An explanation as a LaTeX document, for pdfLaTeX, XeLaTeX and LuaLaTeX."""

from __future__ import annotations

from chainrule.trace.render.markdown import readings
from chainrule.trace.render.outline import Cell, Claim, Group, Matrix, Outline, Part, Table
from chainrule.trace.render.words import array_of, is_number, plain_cell, summary, uses_line, words_of
from chainrule.trace.writing import Latex
from chainrule.trace.writing import expressions as e
from chainrule.trace.writing.latex import escaped, matrix

PREAMBLE = r"""\documentclass[a4paper,10pt]{article}
\usepackage{iftex}
\ifPDFTeX
  \usepackage[utf8]{inputenc}
  \usepackage[T1]{fontenc}
\fi
\usepackage[margin=2cm]{geometry}
\usepackage{amsmath,amssymb}
\usepackage{longtable}
% Letters that pdfTeX's fonts do not have.
\newcommand{\other}[1]{\ifPDFTeX ?\else #1\fi}
\newcommand{\claim}[1]{\par\smallskip\noindent\makebox[3em][l]{(#1)}}
\setlength{\parindent}{0pt}
\setcounter{MaxMatrixCols}{30}
\allowdisplaybreaks
\raggedright
"""
HEADINGS = ("subsection*", "subsubsection*", "paragraph")


def to_latex(outline: Outline, digits: int = 6) -> str:
    """The explanation as a LaTeX document.

    Parameters
    ----------
    outline : Outline
        What is told.
    digits : int
        Significant digits.
    """
    write = Latex(digits)
    parts = [PREAMBLE + r"\begin{document}", rf"\section*{{{escaped(outline.title)}}}", _facts(outline)]
    for number, section in enumerate(outline.sections, 1):
        parts += [rf"\section*{{{number}. {section.title}}}", escaped(section.lead), *_parts(section.parts, write, 0)]
    remarks = "\n".join(rf"\item {escaped(remark)}" for remark in outline.remarks)
    parts += [r"\section*{Remarks}", rf"\begin{{itemize}}{chr(10)}{remarks}{chr(10)}\end{{itemize}}", r"\end{document}"]
    return "\n\n".join(parts) + "\n"


def _facts(outline: Outline) -> str:
    items = "\n".join(rf"\item[{{{escaped(name)}}}] {escaped(text)}" for name, text in outline.facts)
    return rf"\begin{{description}}{chr(10)}{items}{chr(10)}\end{{description}}"


def _parts(parts: tuple[Part, ...], write: Latex, depth: int) -> list[str]:
    found: list[str] = []
    for part in parts:
        if isinstance(part, Group):
            heading = HEADINGS[min(depth, len(HEADINGS) - 1)]
            found += [rf"\{heading}{{{escaped(part.title)}}}", *_parts(part.parts, write, depth + 1)]
        elif isinstance(part, Claim):
            found.append(_claim(part, write))
        elif isinstance(part, Matrix):
            found.append(_given(part, write))
        elif isinstance(part, Table):
            found.append(_table(part, write))
        else:
            found.append(escaped(part))
    return found


def _claim(claim: Claim, write: Latex) -> str:
    words = words_of(claim, escaped, write.inline) + r" \\" if claim.first else ""
    reused = rf"\quad({uses_line(claim, write.inline)})" if claim.uses else ""
    # Not a display: TeX breaks long sums in a paragraph by itself.
    told = " = ".join([write.write(claim.symbol), *readings(claim, write)])
    return rf"\claim{{{claim.step}}}{words} $\displaystyle {told}${reused}"


def _given(part: Matrix, write: Latex) -> str:
    array = array_of(part)
    right = write.words(summary(part, write.digits)) if array is None else matrix(array, write)
    return rf"\par\smallskip $\displaystyle {write.write(part.symbol)} = {right}$"


def _table(table: Table, write: Latex) -> str:
    first = table.rows[0] if table.rows else ()
    count = len(table.header)
    marks = "".join("r" if place < len(first) and is_number(first[place]) else "l" for place in range(count))
    lines = [" & ".join(_cell(cell, write) for cell in row) + r" \\" for row in (table.header, *table.rows)]
    size = r"\footnotesize" if count > 6 else r"\small"
    head = rf"{{{size}\setlength{{\tabcolsep}}{{4pt}}"
    body = "\n".join(
        [rf"\begin{{longtable}}[l]{{{marks}}}", lines[0], r"\hline\endhead", *lines[1:], r"\end{longtable}}"]
    )
    return rf"\emph{{{escaped(table.caption)}}}" + "\n\n" + head + "\n" + body


def _cell(cell: Cell, write: Latex) -> str:
    if isinstance(cell, e.Expression):
        return write.inline(cell)
    if isinstance(cell, (int, float)):
        return f"${write.number(float(cell))}$"
    return escaped(plain_cell(cell, write.digits))

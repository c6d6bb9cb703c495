r"""Names of nodes, in text, in LaTeX, and split for pictures: "w_1" is w with the index 1, "delta_2" is δ₂.

Text up to the first underscore is the letter (Greek ones by name), the rest its index; brackets as in ``W[0][1,2]`` stay.
"""

from __future__ import annotations

import re

GREEK = {
    "alpha": "α", "beta": "β", "gamma": "γ", "delta": "δ", "epsilon": "ε", "zeta": "ζ", "eta": "η", "theta": "θ",
    "kappa": "κ", "lambda": "λ", "mu": "μ", "nu": "ν", "xi": "ξ", "pi": "π", "rho": "ρ", "sigma": "σ", "tau": "τ",
    "phi": "φ", "chi": "χ", "psi": "ψ", "omega": "ω", "Gamma": "Γ", "Delta": "Δ", "Theta": "Θ", "Lambda": "Λ",
    "Sigma": "Σ", "Phi": "Φ", "Psi": "Ψ", "Omega": "Ω",
}  # fmt: skip
# Characters with a meaning in LaTeX that a name may hold as themselves.
ESCAPES = {"\\": r"\backslash{}", "^": r"\hat{}", "~": r"\sim{}"} | {c: "\\" + c for c in "#$%&_{}"}
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


def parts(name: str) -> tuple[str, str]:
    """The letter and the index of a name; the index is empty if there is none."""
    letter, _, index = name.partition("_")
    return (GREEK.get(letter, letter), index) if letter else (name, "")


def as_text(name: str) -> str:
    """The name for running text: ``ω₀``, ``net_h1``."""
    letter, index = parts(name)
    if not index:
        return letter
    return letter + (index.translate(SUBSCRIPTS) if index.isascii() and index.isdigit() else f"_{index}")


def as_latex(name: str) -> str:
    r"""The name in LaTeX: ``\omega_{0}``, ``\mathrm{net}_{h1}``, ``W^{(0)}_{1,2}``."""
    bracketed = re.fullmatch(r"([A-Za-z]+)\[(\d[\d,]*)\](?:\[([\d,]+)\])?", name)
    if bracketed:
        letter, first, rest = bracketed.groups()
        return f"{_letter(letter)}^{{({first})}}_{{{rest}}}" if rest else f"{_letter(letter)}_{{{first}}}"
    letter, _, index = name.partition("_")
    if not letter:
        return escaped(name)
    return f"{_letter(letter)}_{{{escaped(index)}}}" if index else _letter(letter)


def escaped(text: str) -> str:
    """Text whose characters mean themselves in LaTeX's mathematics."""
    return "".join(ESCAPES.get(character, character) for character in text)


def _letter(letter: str) -> str:
    if letter in GREEK:
        return f"\\{letter}"
    return escaped(letter) if len(letter) == 1 else rf"\mathrm{{{escaped(letter)}}}"

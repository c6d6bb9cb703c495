"""Draws the README's picture: three species of penguin told apart by two measurements, from a real fit.

Run it from the project's root: `python docs/pictures/penguins.py` writes docs/pictures/penguins.png.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import polars as pl
from matplotlib.colors import to_rgb
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from chainrule import MLPClassifier
from chainrule.plots import LossCurveDisplay, NetworkDisplay

HERE = Path(__file__).parent
MEASURES = {"bill_length_mm": "bill length (mm)", "bill_depth_mm": "bill depth (mm)"}
COLOURS = ["#E69F00", "#009E73", "#AA4499"]
MARKERS = "os^"


def draw_regions(ax, model, scaler, X, y):
    """The probabilities as colours, the penguins as marks."""
    margin = 0.06 * np.ptp(X, axis=0)
    low, high = X.min(axis=0) - margin, X.max(axis=0) + margin
    grid = np.stack(np.meshgrid(*np.linspace(low, high, 300).T), axis=-1)
    probabilities = model.predict_proba(scaler.transform(grid.reshape(-1, 2))).reshape(300, 300, 3)
    colours = np.array([to_rgb(colour) for colour in COLOURS])
    ax.imshow(
        1 - 0.45 * (1 - probabilities @ colours),
        extent=(low[0], high[0], low[1], high[1]),
        origin="lower",
        aspect="auto",
        interpolation="bilinear",
    )
    for name, colour, marker in zip(model.classes_, COLOURS, MARKERS, strict=True):
        ax.scatter(*X[y == name].T, s=16, c=colour, marker=marker, edgecolors="white", linewidths=0.4, label=name)
    ax.legend(loc="lower left", fontsize=8, framealpha=0.9)
    ax.set(xlabel=MEASURES["bill_length_mm"], ylabel=MEASURES["bill_depth_mm"])


def main():
    """Fit, draw, save, and say what the network reached."""
    table = pl.read_csv(HERE.parent.parent / "examples" / "penguins.csv").drop_nulls([*MEASURES])
    X, y = table.select(*MEASURES).to_numpy(), table["species"].to_numpy().astype(str)
    X_train, X_test, y_train, y_test = train_test_split(X, y, test_size=0.25, stratify=y, random_state=0)
    scaler = StandardScaler().fit(X_train)
    model = MLPClassifier((6,), activation="tanh", batch_size=16, learning_rate_init=0.01, random_state=1)
    model.fit(scaler.transform(X_train), y_train)
    score = model.score(scaler.transform(X_test), y_test)

    figure, (left, middle, right) = plt.subplots(
        1, 3, figsize=(13, 3.8), layout="constrained", width_ratios=(3.4, 5, 4)
    )
    LossCurveDisplay.from_estimator(model, ax=left)
    NetworkDisplay.from_estimator(model, ax=middle, input_names=list(MEASURES.values()))
    draw_regions(right, model, scaler, X, y)
    left.set_title("It learns,", loc="left", fontweight="bold")
    middle.set_title("this is what it has learnt,", loc="left", fontweight="bold")
    right.set_title(f"{score:.0%} of unseen penguins right", loc="left", fontweight="bold")
    figure.savefig(HERE / "penguins.png", dpi=110)
    print(f"{HERE / 'penguins.png'}: {score:.3f} of {len(y_test)} held-out penguins right after {model.n_iter_} epochs")


if __name__ == "__main__":
    main()

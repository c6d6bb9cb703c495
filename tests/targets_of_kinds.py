"""Targets of several kinds for one table of inputs, and options of networks that learn them in a moment."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.datasets import load_iris

X, y = load_iris(return_X_y=True)
X = (X - X.mean(axis=0)) / X.std(axis=0)
NAMES = np.array(["setosa", "versicolor", "virginica"])[y]
WIDTH = X[:, 3] * 1000 + 5000
FRAME = pd.DataFrame({"species": NAMES, "width": WIDTH, "long": X[:, 2] > 0.3})
QUICK = {"hidden_layer_sizes": (6,), "max_iter": 8, "random_state": 0}
LEARNS = {"hidden_layer_sizes": (20,), "learning_rate_init": 0.02, "max_iter": 150, "random_state": 0}
WEIGHT = np.random.RandomState(0).randint(0, 4, len(X)).astype(float)
SIZES = np.array(["S", "M", "L"])[y]

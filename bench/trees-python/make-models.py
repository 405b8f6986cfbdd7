"""Trains the models of the benchmarks: python make-models.py FOLDER."""
import os
import sys

import lightgbm
import numpy as np
import xgboost

folder = sys.argv[1]
rng = np.random.default_rng(0)
rows, features = 20_000, 30
x = rng.normal(size=(rows, features)).astype(np.float32)
x[rng.random(x.shape) < 0.05] = np.nan
z = np.nan_to_num(x)
y = (z[:, 0] * z[:, 1] + np.sin(3 * z[:, 2]) + z[:, 3] ** 2 - 1 + 0.5 * rng.normal(size=rows) > 0).astype(int)
x[:512].tofile(os.path.join(folder, "rows.f32"))
data = xgboost.DMatrix(x, y)
options = {"objective": "binary:logistic", "tree_method": "hist", "eta": 0.1}
xgboost.train({**options, "max_depth": 6}, data, 100).save_model(os.path.join(folder, "d6.ubj"))
xgboost.train({**options, "max_depth": 10}, data, 260).save_model(os.path.join(folder, "large.ubj"))
settings = {"objective": "binary", "verbosity": -1}
lightgbm.train(settings, lightgbm.Dataset(x, y), 100).save_model(os.path.join(folder, "lightgbm.txt"))

"""Trains a forest with YDF, saves it as a SavedModel below a folder, and prints its answers as JSON."""

import json
import os
import sys

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import ydf

random = np.random.default_rng(1)
features = {"a": random.random(300), "b": random.random(300)}
label = (features["a"] + features["b"] > 1).astype(np.int64)
model = ydf.RandomForestLearner(label="label", num_trees=5).train({**features, "label": label}, verbose=0)
model.to_tensorflow_saved_model(sys.argv[1], mode="tf", servo_api=False, feed_example_proto=False)
rows = {"a": np.array([0.1, 0.9, 0.6]), "b": np.array([0.2, 0.8, 0.5])}
print(json.dumps({"rows": {k: v.tolist() for k, v in rows.items()}, "answers": model.predict(rows).tolist()}))

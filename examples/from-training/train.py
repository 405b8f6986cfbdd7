"""Trains a net with Keras 3 and exports it as version 1: one signature."""

import keras
import numpy as np

rng = np.random.default_rng(7)
labels = rng.integers(0, 3, 600)
features = rng.normal(labels[:, None], 0.4, (600, 4)).astype("float32")

keras.utils.set_random_seed(7)
model = keras.Sequential([
    keras.Input([4], name="features"),
    keras.layers.Dense(16, "relu"),
    keras.layers.Dense(3, "softmax", name="scores"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(features, labels, epochs=40, verbose=0)

model.export("models/flowers/1", verbose=False)
model.save("flowers.keras")

"""Saves Keras 3 models below a folder by `tf.saved_model.save`, and prints Python's answers as JSON.

`python keras3.py FOLDER` prints `{name: {"input": name, "shape": [...], "values": [...], "outputs": {...}}}`.
"""

import json
import os
import sys
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
import tensorflow as tf

FOLDER = Path(sys.argv[1])
layers = keras.layers
random = np.random.default_rng(0)


def sequential(*parts):
    model = keras.Sequential(list(parts))
    model.set_weights([random.random(weights.shape) for weights in model.get_weights()])
    return model


def tutorial():
    model = sequential(keras.Input([784]), layers.Dense(16, activation="relu"), layers.Dense(10, activation="softmax"))

    @tf.function(input_signature=[tf.TensorSpec([None, 784], tf.float32, name="input_example")])
    def serve(input_tensor):
        return model(input_tensor)

    return model, {"serving_default": serve}, random.random([3, 784], np.float32)


def plain():
    model = sequential(keras.Input([6]), layers.Dense(4), layers.BatchNormalization(), layers.Dense(2))
    return model, None, random.random([2, 6], np.float32)


def fitted():
    model = keras.Sequential([keras.Input([6]), layers.Dense(4), layers.Dropout(0.5), layers.Dense(2)])
    model.compile("adam", "mse")
    model.fit(random.random([32, 6]), random.random([32, 2]), verbose=0)
    return model, None, random.random([2, 6], np.float32)


def module():
    model = sequential(keras.Input([6]), layers.Dense(4), layers.BatchNormalization())
    holder = tf.Module()
    holder.model = model
    serve = tf.function(lambda x: {"y": model(x)}, input_signature=[tf.TensorSpec([None, 6], tf.float32, name="x")])
    return holder, {"serving_default": serve}, random.random([2, 6], np.float32)


def recurrent():
    model = sequential(keras.Input([5]), layers.Embedding(20, 4), layers.LSTM(3), layers.Dense(2))
    return model, None, random.integers(0, 20, [2, 5]).astype(np.float32)


def normalized():
    normalization = layers.Normalization()
    normalization.adapt(random.random([10, 3]))
    return keras.Sequential([keras.Input([3]), normalization, layers.Dense(2)]), None, random.random([2, 3], np.float32)


def mixed_precision():
    keras.mixed_precision.set_global_policy("mixed_bfloat16")
    model = sequential(keras.Input([4]), layers.Dense(3), layers.Dense(1, dtype="float32"))
    keras.mixed_precision.set_global_policy("float32")
    return model, None, random.random([2, 4], np.float32)


answers = {}
for make in (tutorial, plain, fitted, module, recurrent, normalized, mixed_precision):
    path = str(FOLDER / make.__name__ / "1")
    model, signatures, values = make()
    tf.saved_model.save(model, path, signatures=signatures)
    serve = tf.saved_model.load(path).signatures["serving_default"]
    name = next(iter(serve.structured_input_signature[1]))
    answers[make.__name__] = {
        "input": name,
        "shape": list(values.shape),
        "values": values.reshape(-1).tolist(),
        "outputs": {
            alias: tensor.numpy().reshape(-1).tolist()
            for alias, tensor in serve(**{name: tf.constant(values)}).items()
        },
    }
print(json.dumps(answers))

"""Makes conv.tflite: 13 convolutions on images of 96 x 96 x 3, any number of them at a time.

Requirements: ../../examples/models/digits/requirements.txt

    python bench/models/conv.py
"""

import pathlib

import numpy as np
import tensorflow as tf

LAYERS = [(16, 1)] * 6 + [(24, 2)] + [(24, 1)] * 6

random = np.random.default_rng(1)
layers = []
channels = 3
for filters, stride in LAYERS:
    weights = random.normal(0, (9 * channels) ** -0.5, (3, 3, channels, filters))
    layers.append((weights.astype(np.float32), stride))
    channels = filters


@tf.function(input_signature=[tf.TensorSpec([None, 96, 96, 3], tf.float32, "image")])
def net(image):
    x = image
    for weights, stride in layers:
        x = tf.nn.relu(tf.nn.conv2d(x, weights, stride, "SAME"))
    return {"features": tf.reduce_mean(x, [1, 2])}


module = tf.Module()
module.net = net
path = "/tmp/serving-kit-models/conv"
tf.saved_model.save(module, path, {"serving_default": net.get_concrete_function()})
converter = tf.lite.TFLiteConverter.from_saved_model(path)
converter.optimizations = []
(pathlib.Path(__file__).parent / "conv.tflite").write_bytes(converter.convert())

"""Writes a SavedModel of convolutions with random weights: 1,024 numbers in, 10 out, much computation for each row.

Usage: python convnet.py FOLDER
"""

import os
import sys
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import tensorflow as tf

SIDE = 32
CHANNELS = [1, 64, 128, 128, 128, 128, 128, 128]


class Convnet(tf.Module):
    def __init__(self):
        super().__init__()
        tf.random.set_seed(1)
        self.kernels = [
            tf.Variable(tf.random.normal([3, 3, ins, outs], stddev=(9 * ins) ** -0.5))
            for ins, outs in zip(CHANNELS, CHANNELS[1:])
        ]
        self.dense = tf.Variable(tf.random.normal([CHANNELS[-1], 10]))

    @tf.function(input_signature=[tf.TensorSpec([None, SIDE**2], tf.float32, name="x")])
    def serve(self, x):
        x = tf.reshape(x, [-1, SIDE, SIDE, 1])
        for kernel in self.kernels:
            x = tf.nn.relu(tf.nn.conv2d(x, kernel, strides=1, padding="SAME"))
        return {"y": tf.reduce_mean(x, axis=[1, 2]) @ self.dense}


module = Convnet()
path = Path(sys.argv[1]) / "1"
tf.saved_model.save(module, str(path), signatures={"serving_default": module.serve})

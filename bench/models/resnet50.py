"""Writes a ResNet50-shaped SavedModel with random weights that takes JPEG bytes, and a JPEG.

Usage: python resnet50.py FOLDER
"""

import os
import sys
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import keras
import numpy as np
import tensorflow as tf

folder = Path(sys.argv[1])
keras.utils.set_random_seed(1)
resnet = keras.applications.ResNet50(weights=None)


def serve(image_bytes):
    """JPEG bytes -> decode -> resize -> ResNet50, as in the ResNet tutorials."""

    def decode(image):
        pixels = tf.cast(tf.io.decode_jpeg(image, channels=3), tf.float32)
        return tf.image.resize(pixels, [224, 224])

    shape = tf.TensorSpec([224, 224, 3], tf.float32)
    images = tf.map_fn(decode, image_bytes, fn_output_signature=shape)
    probabilities = resnet(keras.applications.resnet50.preprocess_input(images), training=False)
    return {"classes": tf.argmax(probabilities, 1), "probabilities": probabilities}


# Saved as part of a tf.Module, the moving means are left out of what a session restores.
archive = keras.export.ExportArchive()
archive.track(resnet)
signature = [tf.TensorSpec([None], tf.string, name="image_bytes")]
archive.add_endpoint("serving_default", serve, input_signature=signature)
archive.write_out(folder / "1", verbose=False)
y, x = np.mgrid[0:320, 0:480]
picture = np.stack([x % 256, y % 256, (x + y) % 256], -1).astype(np.uint8)
(folder / "picture.jpg").write_bytes(tf.io.encode_jpeg(picture).numpy())

"""Trains the digits models and writes them, with sample answers, next to this file."""

import json
import tempfile
import textwrap
from pathlib import Path

import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier

HERE = Path(__file__).parent
SAMPLES_PER_DIGIT = 2


class Digits(tf.Module):
    """Dense 64-128-10 with the weights of a trained MLPClassifier."""

    def __init__(self, classifier):
        super().__init__()
        self.w1, self.w2 = (tf.Variable(w, dtype=tf.float32) for w in classifier.coefs_)
        self.b1, self.b2 = (tf.Variable(b, dtype=tf.float32) for b in classifier.intercepts_)

    @tf.function(input_signature=[tf.TensorSpec([None, 64], tf.float32, name="image")])
    def serve(self, image):
        hidden = tf.nn.relu(image @ self.w1 + self.b1)
        return {"probabilities": tf.nn.softmax(hidden @ self.w2 + self.b2)}


def save_model(model, folder):
    tf.saved_model.save(model, folder, signatures={"serving_default": model.serve})


def save_tflite(folder, saved_model, calibration=None):
    """Converts a SavedModel; with calibration images to full int8, input and output included."""
    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved_model))
    if calibration is not None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([image[np.newaxis]] for image in calibration)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
        # One scale per weight matrix: one per column needs a runtime newer than TFLite 2.9.
        converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.tflite").write_bytes(converter.convert())


def open_tflite(folder):
    return tf.lite.Interpreter(str(folder / "model.tflite")).get_signature_runner("serving_default")


def quantize(images, runner):
    scale, zero_point = runner.get_input_details()["image"]["quantization"]
    return np.clip(np.rint(images / scale) + zero_point, -128, 127).astype(np.int8)


def accuracy(answers, labels):
    return np.mean(answers.argmax(axis=1) == labels)


def write_samples(samples, file):
    """JSON with every number at its shortest, and arrays wrapped as Biome wraps them."""

    def number(value):
        return np.format_float_positional(value, trim="-") if value >= 1e-4 else str(value)
    ...

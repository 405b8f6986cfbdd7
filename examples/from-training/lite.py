"""Converts the trained net to TensorFlow Lite: as floats, and quantized to 8 bits by examples."""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

model = keras.models.load_model("flowers.keras")
Path("models/flowers_lite/1").mkdir(parents=True, exist_ok=True)
Path("models/flowers_lite/2").mkdir(parents=True, exist_ok=True)

converter = tf.lite.TFLiteConverter.from_keras_model(model)
Path("models/flowers_lite/1/model.tflite").write_bytes(converter.convert())

examples = np.random.default_rng(7).normal(1, 1, (100, 1, 4)).astype("float32")
converter = tf.lite.TFLiteConverter.from_keras_model(model)
converter.optimizations = [tf.lite.Optimize.DEFAULT]
converter.representative_dataset = lambda: ([example] for example in examples)
converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
Path("models/flowers_lite/2/model.tflite").write_bytes(converter.convert())

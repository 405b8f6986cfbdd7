"""Trains a small convolutional net on pictures of digits, and exports it to the formats of three engines.

Needs tensorflow-cpu 2.21, tf2onnx 1.17, onnx and scikit-learn.
"""
import numpy as np
import onnx
import tensorflow as tf
import tf2onnx
from sklearn.datasets import load_digits

digits = load_digits()
pictures = (digits.images / 16).astype(np.float32)[..., np.newaxis]
tf.keras.utils.set_random_seed(1)
net = tf.keras.Sequential([
    tf.keras.Input((8, 8, 1)),
    tf.keras.layers.Conv2D(16, 3, padding="same", activation="relu"),
    tf.keras.layers.Conv2D(32, 3, activation="relu"),
    tf.keras.layers.GlobalAveragePooling2D(),
    tf.keras.layers.Dense(10, activation="softmax"),
])
net.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
net.fit(pictures[:1500], digits.target[:1500], epochs=25, batch_size=64, verbose=0)
print("accuracy", net.evaluate(pictures[1500:], digits.target[1500:], verbose=0)[1])


@tf.function(input_signature=[tf.TensorSpec([None, 8, 8, 1], tf.float32, name="image")])
def serve(image):
    return {"probabilities": net(image, training=False)}


module = tf.Module()
module.net, module.serve = net, serve
tf.saved_model.save(module, "savedmodel/1", signatures={"serving_default": serve})
converter = tf.lite.TFLiteConverter.from_concrete_functions([serve.get_concrete_function()], module)
with open("tflite/1/model.tflite", "wb") as file:
    file.write(converter.convert())
graph, _ = tf2onnx.convert.from_function(serve, input_signature=serve.input_signature, opset=17)
onnx.save(graph, "onnx/1/model.onnx")

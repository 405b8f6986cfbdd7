"""Trains and quantizes the model of the example tflite-image, and cuts its picture.

Two photographs ship inside scikit-learn: china.jpg (a temple) and flower.jpg (a dahlia); see README.md
for their authors. The model tells from a piece of 32 x 32 pixels which of the two it is from. It
learns on the left 55 % of each; the picture `flower.png` is from the rest.

    pip install -r ../digits/requirements.txt && python train.py
"""

import json
import pathlib

import numpy as np
import sklearn
import tensorflow as tf

FOLDER = pathlib.Path(__file__).parent
IMAGES = pathlib.Path(sklearn.__file__).parent / "datasets" / "images"
LABELS = ["temple", "flower"]
SIZE = 32

tf.keras.utils.set_random_seed(7)
photos = [tf.io.decode_jpeg((IMAGES / name).read_bytes()) for name in ["china.jpg", "flower.jpg"]]


def pieces(photo, left, right, count):
    """Random squares between two columns (shares of the width), each resized to 32 x 32."""
    height, width, _ = photo.shape
    result = []
    for _ in range(count):
        side = np.random.randint(96, 200)
        y = np.random.randint(0, height - side)
        x = np.random.randint(int(left * width), int(right * width) - side)
        square = tf.cast(photo[y:y + side, x:x + side], tf.float32) / 255
        result.append(tf.image.resize(square, [SIZE, SIZE], antialias=True))
    return tf.stack(result)


def data(left, right, count):
    x = tf.concat([pieces(photo, left, right, count) for photo in photos], 0)
    return x, tf.repeat(tf.range(2), count)


train_x, train_y = data(0, 0.55, 600)
test_x, test_y = data(0.55, 1, 100)
layers = tf.keras.layers
model = tf.keras.Sequential([
    tf.keras.Input(shape=(SIZE, SIZE, 3), name="image"),
    layers.Conv2D(8, 3, strides=2, activation="relu"),
    layers.Conv2D(16, 3, strides=2, activation="relu"),
    layers.GlobalAveragePooling2D(),
    layers.Dense(2, activation="softmax", name="probabilities"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(train_x, train_y, epochs=12, shuffle=True, verbose=0)
print("accuracy on pieces of the rest:", model.evaluate(test_x, test_y, verbose=0)[1])


# The weights as constants: the quantizer runs the graph, and has no variables.
conv1, bias1, conv2, bias2, dense, bias3 = model.get_weights()


@tf.function(input_signature=[tf.TensorSpec([1, SIZE, SIZE, 3], tf.float32, "image")])
def classify(image):
    x = tf.nn.relu(tf.nn.conv2d(image, conv1, 2, "VALID") + bias1)
    x = tf.nn.relu(tf.nn.conv2d(x, conv2, 2, "VALID") + bias2)
    return {"probabilities": tf.nn.softmax(tf.reduce_mean(x, [1, 2]) @ dense + bias3)}


converter = tf.lite.TFLiteConverter.from_concrete_functions(
    [classify.get_concrete_function()], tf.Module()
)
converter.optimizations = [tf.lite.Optimize.DEFAULT]
# TensorFlow Lite before 2.17 computes other dense layers wrongly.
converter._experimental_disable_per_channel_quantization_for_dense_layers = True
converter.representative_dataset = lambda: ([x[None]] for x in train_x[::10])
converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
converter.inference_input_type = tf.uint8
converter.inference_output_type = tf.uint8
(FOLDER / "1").mkdir(exist_ok=True)
(FOLDER / "1" / "model.tflite").write_bytes(converter.convert())
(FOLDER / "labels.json").write_text(json.dumps(LABELS) + "\n")
flower = photos[1][110:254, 352:496]
(FOLDER / "flower.png").write_bytes(tf.io.encode_png(flower, compression=9).numpy())

"""Trains the digits models and writes them, with sample answers, beside this file."""

import textwrap
from pathlib import Path

import numpy as np
import tensorflow as tf
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier
from tensorflow.python.ops.resource_variable_ops import BaseResourceVariable

HERE = Path(__file__).parent


class Digits(tf.Module):
    """Dense 64-128-10 softmax with the weights of a trained MLPClassifier."""

    def __init__(self, classifier):
        super().__init__()
        self.weights = [tf.Variable(w, dtype=tf.float32) for w in classifier.coefs_]
        self.biases = [tf.Variable(b, dtype=tf.float32) for b in classifier.intercepts_]

    @tf.function(input_signature=[tf.TensorSpec([None, 64], tf.float32, name="image")])
    def serve(self, image):
        hidden = tf.nn.relu(image @ self.weights[0] + self.biases[0])
        return {"probabilities": tf.nn.softmax(hidden @ self.weights[1] + self.biases[1])}


def train(images, labels, seed):
    classifier = MLPClassifier(hidden_layer_sizes=(128,), max_iter=500, random_state=seed)
    return Digits(classifier.fit(images, labels))


def write_saved_model(model, folder):
    # Else the graph names DisableCopyOnRead, an op that TensorFlow 2.9 (in tfjs-node) lacks.
    BaseResourceVariable.read_value_no_copy = BaseResourceVariable.read_value
    tf.saved_model.save(model, folder, signatures={"serving_default": model.serve})
    (folder / "fingerprint.pb").unlink()  # optional, and different in every run


def write_tflite(model, folder, calibration=None):
    """Float, or with calibration images all int8: weights, activations, input and output."""
    serve = model.serve.get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([serve], model)
    if calibration is not None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([image[np.newaxis]] for image in calibration)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
        # One scale per weight matrix: with one per column TFLite 2.9 answers, but wrongly.
        converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model.tflite").write_bytes(converter.convert())


def open_tflite(folder):
    return tf.lite.Interpreter(str(folder / "model.tflite")).get_signature_runner("serving_default")


def quantize(images, runner):
    scale, zero_point = runner.get_input_details()["image"]["quantization"]
    return (np.rint(images / scale) + zero_point).astype(np.int8)


def number_to_json(number):
    """As short as reads back the same in the number's own type."""
    return str(number).removesuffix(".0").replace("e-0", "e-")


def array_to_json(numbers):
    text = ", ".join(map(number_to_json, numbers))
    if len(text) <= 70:
        return f"[{text}]"
    lines = textwrap.wrap(text, 100, initial_indent=" " * 6, subsequent_indent=" " * 6)
    return "\n".join(["[", *lines, "    ]"])


def samples_to_json(samples):
    """In the layout of the repository's formatter, Biome."""
    objects = []
    for label, arrays in samples:
        fields = {"label": number_to_json(label)}
        fields |= {key: array_to_json(numbers) for key, numbers in arrays.items()}
        objects.append(",\n".join(f'    "{key}": {value}' for key, value in fields.items()))
    return "[\n" + ",\n".join(f"  {{\n{fields}\n  }}" for fields in objects) + "\n]\n"


def main():
    digits = load_digits()
    images = (digits.data / 16).astype(np.float32)  # pixels are integers from 0 to 16
    train_images, test_images, train_labels, test_labels = train_test_split(
        images, digits.target, test_size=0.25, stratify=digits.target, random_state=0
    )

    model = train(train_images, train_labels, seed=1)
    write_saved_model(model, HERE / "savedmodel" / "1")
    write_tflite(model, HERE / "1")
    write_tflite(model, HERE / "quantized" / "1", calibration=train_images)
    write_tflite(train(train_images, train_labels, seed=2), HERE / "alternate" / "2")

    int8 = open_tflite(HERE / "quantized" / "1")
    test_images_int8 = quantize(test_images, int8)
    answers = {
        "probabilities": open_tflite(HERE / "1")(image=test_images),
        "probabilitiesV2": open_tflite(HERE / "alternate" / "2")(image=test_images),
        "probabilitiesInt8": int8(image=test_images_int8),
    }
    answers = {key: answer["probabilities"] for key, answer in answers.items()}

    for key, answer in answers.items():
        right = np.mean(answer.argmax(axis=1) == test_labels)
        print(f"{key}: {right:.1%} of the test images right")
    saved_model = tf.saved_model.load(HERE / "savedmodel" / "1").signatures["serving_default"]
    np.testing.assert_allclose(
        saved_model(image=test_images)["probabilities"], answers["probabilities"], atol=1e-5
    )

    arrays = {"image": test_images, "imageInt8": test_images_int8, **answers}
    samples = [
        (digit, {key: rows[i] for key, rows in arrays.items()})
        for digit in range(10)
        for i in np.flatnonzero(test_labels == digit)[:2]
    ]
    (HERE / "samples.json").write_text(samples_to_json(samples))


if __name__ == "__main__":
    main()

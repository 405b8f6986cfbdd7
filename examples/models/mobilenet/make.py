"""Writes photos/*.jpg, from pictures that ship inside scikit-image 0.18.3 and scikit-learn, and top5.json: the best five
classes of each by Keras' preprocessing and TensorFlow Lite.

python make.py SCIKIT_IMAGE_DATA SCIKIT_LEARN_IMAGES, with keras, pillow 12 and tensorflow.
"""

import json
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf
from PIL import Image

here = Path(__file__).parent
PHOTOS = ["chelsea.png", "coffee.png", "astronaut.png", "rocket.jpg", "china.jpg", "flower.jpg"]


def write_photos(folders):
    for name in PHOTOS:
        path = next(folder / name for folder in folders if (folder / name).exists())
        picture = Image.open(path).convert("RGB")
        picture.thumbnail((400, 400))
        picture.save(here / "photos" / f"{path.stem}.jpg", quality=85)


def best_of(interpreter, path, labels):
    [given], [returned] = interpreter.get_input_details(), interpreter.get_output_details()
    pixels = tf.keras.utils.img_to_array(tf.keras.utils.load_img(path, target_size=(224, 224)))
    scaled = tf.keras.applications.mobilenet_v2.preprocess_input(pixels[None])
    scale, zero = given["quantization"]
    interpreter.set_tensor(given["index"], np.clip(np.round(scaled / scale) + zero, 0, 255).astype(np.uint8))
    interpreter.invoke()
    scale, zero = returned["quantization"]
    logits = (interpreter.get_tensor(returned["index"])[0].astype(np.float32) - zero) * scale
    scores = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
    best = np.argsort(-scores, kind="stable")[:8]
    return [[labels[i], round(float(scores[i]), 6)] for i in best]


if __name__ == "__main__":
    write_photos([Path(folder) for folder in sys.argv[1:]])
    interpreter = tf.lite.Interpreter(str(here / "1/model.tflite"))
    interpreter.allocate_tensors()
    labels = (here / "1/labels.txt").read_text().splitlines()
    top = {path.name: best_of(interpreter, path, labels) for path in sorted((here / "photos").iterdir())}
    (here / "top5.json").write_text(json.dumps(top, indent=1) + "\n")

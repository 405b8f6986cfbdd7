"""Writes detections.json: the boxes of cats_and_dogs.jpg by Pillow's resize and TensorFlow Lite, with the non-maximum
suppression of the model and without.

Needs ai-edge-litert, numpy and pillow 12.
"""

import json
import struct
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from PIL import Image

here = Path(__file__).parent
OVERLAP = struct.pack("<if", 10, 0.6)


def without_suppression(model):
    """The options of the last operator have max_detections and nms_iou_threshold next to each other."""
    at = model.index(OVERLAP, model.index(b"nms_iou_threshold"))
    return model[:at] + struct.pack("<if", 100, 1) + model[at + len(OVERLAP) :]


def boxes_of(model, picture):
    interpreter = Interpreter(model_content=model)
    interpreter.allocate_tensors()
    pixels = np.asarray(picture.resize((300, 300), Image.BILINEAR))
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], pixels[None])
    interpreter.invoke()
    corners, classes, scores, count = [interpreter.get_tensor(o["index"])[0] for o in interpreter.get_output_details()]
    size = np.array(picture.size * 2)
    return [
        {
            "box": [round(float(x), 2) for x in np.clip(box[[1, 0, 3, 2]] * size, 0, size)],
            "class": int(label),
            "score": round(float(score), 6),
        }
        for box, label, score in zip(corners[: int(count)], classes, scores)
    ]


picture = Image.open(here / "cats_and_dogs.jpg").convert("RGB")
model = (here / "1/model.tflite").read_bytes()
found = {"size": picture.size, "suppressed": boxes_of(model, picture), "all": boxes_of(without_suppression(model), picture)}
(here / "detections.json").write_text(json.dumps(found, indent=1) + "\n")

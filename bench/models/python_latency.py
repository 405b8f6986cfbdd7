"""Answers each line of stdin, `N`, with the seconds that each of N predictions took in Python.

Usage: python python_latency.py FOLDER/1 PICTURE.jpg
"""

import os
import sys
import time
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import tensorflow as tf

model = tf.saved_model.load(sys.argv[1])
serve = model.signatures["serving_default"]
picture = Path(sys.argv[2]).read_bytes()
print("ready", flush=True)
for line in sys.stdin:
    times = []
    for _ in range(int(line)):
        start = time.perf_counter()
        {name: tensor.numpy() for name, tensor in serve(image_bytes=tf.constant([picture])).items()}
        times.append(time.perf_counter() - start)
    print(" ".join(map(str, times)), flush=True)

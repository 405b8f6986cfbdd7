"""Writes a zoo of small SavedModels and the answers that Python gives, beside this file.

`python make.py` makes all models, `python make.py NAME ...` only those.
"""

import base64
import json
import os
import shutil
import sys
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "2"

import keras
import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

HERE = Path(__file__).parent.resolve()
os.chdir(HERE)
# Relative, since the names of assets are written into the models.
SCRATCH = Path("scratch")
v1 = tf.compat.v1

ARITHMETIC = [
    "float16", "bfloat16", "float32", "float64", "int8", "int16", "int32", "int64",
    "uint8", "uint16", "uint32", "uint64", "complex64", "complex128",
]  # fmt: skip
CARRIED = ["int4", "uint4", "qint8", "quint8", "qint16", "quint16", "qint32"]


def spec(shape, dtype, name):
    return tf.TensorSpec(shape, tf.as_dtype(dtype), name=name)


# --- tensors as JSON: numbers where JSON can hold them, else texts; bytes as base64 ---


def number_to_json(number):
    if isinstance(number, (bool, np.bool_)):
        return int(number)
    if isinstance(number, (int, np.integer)):
        return int(number) if abs(int(number)) < 2**53 else str(int(number))
    number = float(number)
    if np.isfinite(number):
        return number
    return "NaN" if np.isnan(number) else "Infinity" if number > 0 else "-Infinity"


def tensor_to_json(value):
    tensor = tf.convert_to_tensor(value)
    array = tensor.numpy()
    name = {"half": "float16"}.get(tensor.dtype.name, tensor.dtype.name)
    flat = array.reshape(-1)
    if name == "string":
        data = [base64.b64encode(text).decode() for text in flat]
    elif name in ("float16", "bfloat16"):
        data = [int(bits) for bits in flat.view(np.uint16)]
    elif name in ("complex64", "complex128"):
        data = [number_to_json(part) for number in flat for part in (number.real, number.imag)]
    elif name.startswith(("q", "int4", "uint4")):
        data = [int(number.item() if hasattr(number, "item") and not isinstance(number.item(), tuple) else number[0]) for number in flat]
    else:
        data = [number_to_json(number) for number in flat]
    return {"dtype": name, "shape": list(array.shape), "data": data}


# --- models of TensorFlow 2: each gives the object to save, its signatures, and calls to record ---


def dtypes():
    """One signature a dtype: arithmetic where there are kernels for it, else as it is."""
    module, signatures, calls = tf.Module(), {}, []

    def add(name, function, samples):
        @tf.function(input_signature=[spec([None], name, "x")])
        def serve(x):
            return {"y": function(x)}

        signatures[name] = serve
        for sample in samples:
            calls.append((name, {"x": sample}))

    for name in ARITHMETIC:
        dtype = tf.as_dtype(name)
        numbers = [0, 1, 3] if dtype.is_unsigned else [0, 1, -3]
        sample = tf.cast(tf.constant(numbers), dtype)
        if dtype.is_integer:
            sample = tf.concat([sample, tf.constant([dtype.max, dtype.min], dtype)], 0)
        if dtype.is_complex:
            sample = tf.complex(*[tf.cast(x, dtype.real_dtype) for x in ([0, 1, -3], [0.5, 2, 4])])
        one = tf.ones([], dtype)
        add(name, lambda x, one=one: x + one, [sample])
    add("bool", tf.logical_not, [tf.constant([True, False, True])])
    add("string", lambda x: tf.strings.join([x, "!"]), [tf.constant([b"a", b"", b"\0\xff\xfe", b"x" * 23])])
    for name in CARRIED:
        dtype = tf.as_dtype(name)
        numbers = [0, 1, 7] if name.startswith(("u", "qu")) else [0, 1, -8]
        if name.endswith("int4"):
            sample = tf.cast(tf.constant(numbers), dtype)
        else:
            sample = tf.bitcast(
                tf.constant(numbers, tf.as_dtype(name[1:])), dtype
            )
        add(name, tf.identity, [sample])
    return module, signatures, calls


def shapes():
    """Any shape in, the same out, with the rank."""

    @tf.function(input_signature=[spec(None, "float32", "x")])
    def serve(x):
        return {"y": x + 1.0, "rank": tf.rank(x), "shape": tf.shape(x)}

    samples = [
        tf.constant(2.5),
        tf.zeros([0]),
        tf.zeros([3, 0, 2]),
        tf.reshape(tf.range(6.0), [2, 3]),
        tf.reshape(tf.range(16.0), [1, 2, 1, 2, 1, 2, 2, 1]),
    ]
    return tf.Module(), {"serving_default": serve}, [("serving_default", {"x": x}) for x in samples]


def strings():
    """Bytes in and out, and what TensorFlow says of them."""

    @tf.function(input_signature=[spec([None], "string", "text")])
    def serve(text):
        return {
            "reversed": tf.strings.reduce_join(tf.reverse(tf.strings.bytes_split(text).to_tensor(""), [1]), 1),
            "length": tf.strings.length(text),
            "same": tf.identity(text),
        }

    samples = [
        tf.constant([b"serving"]),
        tf.constant([b"", b"\0", b"\xff\x00\xfe", "grüße".encode()]),
        tf.constant([b"x" * n for n in (21, 22, 23, 24, 1000)]),
    ]
    return tf.Module(), {"serving_default": serve}, [("serving_default", {"text": x}) for x in samples]


class Jpeg(tf.Module):
    """JPEG bytes, decoded, resized and run through a small convolutional net."""

    def __init__(self):
        super().__init__()
        generator = tf.random.Generator.from_seed(7)
        shapes = [[3, 3, 3, 8], [3, 3, 8, 16], [16, 10]]
        self.weights = [tf.Variable(generator.normal(shape, stddev=0.3)) for shape in shapes]

    @tf.function(input_signature=[spec([None], "string", "image_bytes")])
    def serve(self, image_bytes):
        def decode(image):
            pixels = tf.io.decode_jpeg(image, channels=3, dct_method="INTEGER_ACCURATE")
            return tf.image.resize(tf.image.convert_image_dtype(pixels, tf.float32), [32, 32])

        x = tf.map_fn(decode, image_bytes, fn_output_signature=tf.TensorSpec([32, 32, 3], tf.float32))
        for weights in self.weights[:2]:
            x = tf.nn.relu(tf.nn.conv2d(x, weights, strides=2, padding="SAME"))
        probabilities = tf.nn.softmax(tf.reduce_mean(x, [1, 2]) @ self.weights[2])
        return {"classes": tf.argmax(probabilities, 1), "probabilities": probabilities}


def jpeg():
    y, x = np.mgrid[0:48, 0:64]
    pictures = [
        np.stack([4 * x, 5 * y, 255 - 4 * x], -1),
        np.stack([255 * ((x // 8 + y // 8) % 2)] * 3, -1),
    ]
    encoded = [tf.io.encode_jpeg(picture.astype(np.uint8)).numpy() for picture in pictures]
    for name, picture in zip(("gradient", "checkers"), encoded):
        (HERE / f"{name}.jpg").write_bytes(picture)
    module = Jpeg()
    calls = [("serving_default", {"image_bytes": tf.constant([picture])}) for picture in encoded]
    calls.append(("serving_default", {"image_bytes": tf.constant(encoded)}))
    return module, {"serving_default": module.serve}, calls


class Table(tf.Module):
    """Words to numbers by a vocabulary in an asset file."""

    def __init__(self, folder):
        super().__init__()
        vocabulary = folder / "vocabulary.txt"
        vocabulary.write_text("alpha\nbeta\ngamma\n")
        initializer = tf.lookup.TextFileInitializer(
            str(vocabulary),
            tf.string, tf.lookup.TextFileIndex.WHOLE_LINE,
            tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER,
        )  # fmt: skip
        self.table = tf.lookup.StaticHashTable(initializer, -1)

    @tf.function(input_signature=[spec([None], "string", "word")])
    def serve(self, word):
        return {"index": self.table.lookup(word)}


def table():
    SCRATCH.mkdir()
    module = Table(SCRATCH)
    calls = [("serving_default", {"word": tf.constant(words)}) for words in (["beta"], ["gamma", "delta", ""])]
    return module, {"serving_default": module.serve}, calls


class Counter(tf.Module):
    """Adds up what it was given: a model with a state of its own."""

    def __init__(self):
        super().__init__()
        self.total = tf.Variable(0, dtype=tf.int64)

    @tf.function(input_signature=[spec([], "int64", "amount")])
    def add(self, amount):
        return {"total": self.total.assign_add(amount)}

    @tf.function(input_signature=[])
    def read(self):
        return {"total": self.total.read_value()}


def counter():
    module = Counter()
    return module, {"serving_default": module.add, "read": module.read}, []


class Arithmetic(tf.Module):
    """Several signatures, several inputs and outputs."""

    @tf.function(input_signature=[spec([None], "float32", "a"), spec([None], "float32", "b")])
    def both(self, a, b):
        return {"sum": a + b, "product": a * b, "quotient": a / b}

    @tf.function(input_signature=[spec([None], "int32", "a")])
    def half(self, a):
        return {"half": a // 2, "odd": a % 2 == 1}

    @tf.function(input_signature=[spec([None], "float32", "a"), spec([], "float32", "scale")])
    def scaled(self, a, scale):
        return {"scaled": a * scale}


def arithmetic():
    module = Arithmetic()
    signatures = {"serving_default": module.both, "half": module.half, "scaled": module.scaled}
    calls = [
        ("serving_default", {"a": tf.constant([1.0, 2.0]), "b": tf.constant([4.0, 0.5])}),
        # NaN and both infinities come out.
        ("serving_default", {"a": tf.constant([0.0, 1.0, -1.0]), "b": tf.constant([0.0, 0.0, 0.0])}),
        ("half", {"a": tf.constant([7, -7, 2**31 - 1])}),
        ("scaled", {"a": tf.constant([1.0, 2.0]), "scale": tf.constant(3.0)}),
    ]
    return module, signatures, calls


def trouble():
    """Fails on demand, is slow on demand."""

    @tf.function(input_signature=[spec([], "float32", "x")])
    def fail(x):
        with tf.control_dependencies([tf.debugging.assert_greater(x, 0.0, "x must be positive")]):
            return {"y": tf.identity(x)}

    @tf.function(input_signature=[spec([None], "int32", "steps")])
    def slow(steps):
        matrix = tf.fill([64, 64], 1.0 / 64)
        for _ in tf.range(tf.reduce_max(steps)):
            matrix = matrix @ matrix
        return {"sum": tf.cast(steps, tf.float32) + tf.reduce_sum(matrix)}

    calls = [("serving_default", {"x": tf.constant(2.0)}), ("slow", {"steps": tf.constant([3, 1])})]
    return tf.Module(), {"serving_default": fail, "slow": slow}, calls


def sequence():
    """Variable length in and out."""

    @tf.function(input_signature=[spec([None, None], "float32", "x")])
    def serve(x):
        return {"mean": tf.reduce_mean(x, 1), "sums": tf.cumsum(x, 1)}

    samples = [tf.reshape(tf.range(float(rows * n)), [rows, n]) for rows, n in ((1, 3), (2, 5))]
    return tf.Module(), {"serving_default": serve}, [("serving_default", {"x": x}) for x in samples]


def keras3():
    """A Keras 3 model, exported as its own guide says."""
    keras.utils.set_random_seed(3)
    model = keras.Sequential([keras.Input([4]), keras.layers.Dense(8, "relu"), keras.layers.Dense(3)])
    x = np.linspace(-1, 1, 8, dtype=np.float32).reshape(2, 4)
    model.export(HERE / "keras3" / "1", format="tf_saved_model", verbose=False)
    loaded = tf.saved_model.load(HERE / "keras3" / "1")
    name = next(iter(loaded.signatures["serving_default"].structured_input_signature[1]))
    return None, None, [("serving_default", {name: tf.constant(x)})]


def keras3_saved():
    """A Keras 3 model as `tf.saved_model.save` writes it: only copies of its variables are restored."""
    keras.utils.set_random_seed(4)
    layers = [keras.Input([4]), keras.layers.Dense(5, "relu"), keras.layers.BatchNormalization(), keras.layers.Dense(3)]
    model = keras.Sequential(layers)
    model.set_weights([np.random.rand(*weights.shape) for weights in model.get_weights()])

    @tf.function(input_signature=[spec([None, 4], "float32", "x")])
    def serve(x):
        return {"y": model(x)}

    tf.saved_model.save(model, HERE / "keras3-saved" / "1", signatures={"serving_default": serve})
    x = np.linspace(-1, 1, 8, dtype=np.float32).reshape(2, 4)
    return None, None, [("serving_default", {"x": tf.constant(x)})]


class Kinds(tf.Module):
    """Outputs, and an input, of kinds that no call can return or pass, beside a dense one."""

    def __init__(self):
        super().__init__()
        self.scale = tf.Variable(2.0)

    @tf.function(input_signature=[spec([None], "float32", "x")])
    def serve(self, x):
        rows = tf.reshape(x, [-1, 1])
        return {
            "dense": x * self.scale,
            "ragged": tf.RaggedTensor.from_tensor(rows),
            "sparse": tf.sparse.from_dense(rows),
            "variant": tf.raw_ops.TensorListFromTensor(tensor=x, element_shape=tf.constant([], tf.int32)),
            "resource": self.scale.handle,
        }

    @tf.function(input_signature=[tf.SparseTensorSpec([None, 3], tf.float32)])
    def sparse(self, x):
        return {"sum": tf.sparse.reduce_sum(x, 1)}


def kinds():
    module = Kinds()
    return module, {"serving_default": module.serve, "sparse": module.sparse}, []


# --- models of TensorFlow 1, by its builder ---


def build_v1(folder, tags, as_text=False):
    """y = x / 2 + 2, a table with an asset, and an init op."""
    SCRATCH.mkdir(exist_ok=True)
    vocabulary = SCRATCH / "words.txt"
    vocabulary.write_text("one\ntwo\n")
    with tf.Graph().as_default(), v1.Session() as session:
        a = v1.get_variable("a", initializer=0.5, use_resource=False)
        b = v1.get_variable("b", initializer=2.0, use_resource=False)
        x = v1.placeholder(tf.float32, [None], name="x")
        y = tf.add(a * x, b, name="y")
        word = v1.placeholder(tf.string, [None], name="word")
        path = tf.constant(str(vocabulary))
        initializer = tf.lookup.TextFileInitializer(
            path,
            tf.string, tf.lookup.TextFileIndex.WHOLE_LINE,
            tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER,
        )  # fmt: skip
        index = tf.lookup.StaticHashTable(initializer, -1).lookup(word, name="index")
        session.run([v1.global_variables_initializer(), v1.tables_initializer()])
        builder = v1.saved_model.Builder(str(folder))
        signatures = {
            "serving_default": signature_v1({"x": x}, {"y": y}),
            "words": signature_v1({"word": word}, {"index": index}),
        }
        options = {
            "signature_def_map": signatures,
            "assets_collection": v1.get_collection(v1.GraphKeys.ASSET_FILEPATHS),
            "main_op": v1.tables_initializer(),
        }
        builder.add_meta_graph_and_variables(session, tags[0], **options)
        for more in tags[1:]:
            builder.add_meta_graph(more, signature_def_map=signatures)
        builder.save(as_text=as_text)
    x, words = np.float32([0, 1, 5]), ["two", "three"]
    return [("serving_default", {"x": tf.constant(x)}), ("words", {"word": tf.constant(words)})]


def signature_v1(inputs, outputs):
    info = v1.saved_model.build_tensor_info
    return v1.saved_model.build_signature_def(
        {name: info(tensor) for name, tensor in inputs.items()},
        {name: info(tensor) for name, tensor in outputs.items()},
        "tensorflow/serving/predict",
    )


def save_v1(folder, session, signatures, **options):
    builder = v1.saved_model.Builder(str(folder))
    builder.add_meta_graph_and_variables(session, ["serve"], signature_def_map=signatures, **options)
    builder.save()


def build_unset(folder):
    """Signatures read variables that the saver leaves out; `idle` is left out too, and nothing reads it."""
    with tf.Graph().as_default(), v1.Session() as session:
        kept = v1.get_variable("kept", initializer=2.0, use_resource=True)
        lost = v1.get_variable("lost", initializer=3.0, use_resource=True)
        lost_reference = v1.get_variable("lost_reference", initializer=4.0, use_resource=False)
        v1.get_variable("idle", initializer=5.0, use_resource=True)
        x = v1.placeholder(tf.float32, [None], name="x")

        @tf.function
        def times(x):
            return tf.cond(tf.size(x) > 0, lambda: x * lost, lambda: x)

        signatures = {
            "serving_default": signature_v1({"x": x}, {"y": x * kept}),
            "function": signature_v1({"x": x}, {"y": times(x)}),
            "reference": signature_v1({"x": x}, {"y": x * lost_reference}),
        }
        session.run(v1.global_variables_initializer())
        save_v1(folder, session, signatures, saver=v1.train.Saver([kept]))
    return []


def build_filled(folder):
    """A signature sets the variables that another one reads, by a function and by a reference."""
    with tf.Graph().as_default(), v1.Session() as session:
        scale = v1.get_variable("scale", initializer=2.0, use_resource=True)
        offset = v1.get_variable("offset", initializer=3.0, use_resource=False)
        value = v1.placeholder(tf.float32, [], name="value")
        x = v1.placeholder(tf.float32, [None], name="x")

        @tf.function
        def fill(value):
            scale.assign(value)
            return scale.read_value()

        filled = fill(value)
        with tf.control_dependencies([filled]):
            shifted = v1.assign(offset, value + 1.0)
        signatures = {
            "serving_default": signature_v1({"x": x}, {"y": x * scale + offset}),
            "fill": signature_v1({"value": value}, {"sum": filled + shifted}),
        }
        session.run(v1.global_variables_initializer())
        unused = v1.get_variable("unused", initializer=0.0, use_resource=True)
        session.run(unused.initializer)
        save_v1(folder, session, signatures, saver=v1.train.Saver([unused]))
    return []


def build_large(folder):
    """100 MB of memory from a small file: a variable that is filled when the model is loaded."""
    with tf.Graph().as_default(), v1.Session() as session:
        scale = v1.get_variable("scale", initializer=0.5, use_resource=True)
        large = v1.get_variable("large", initializer=tf.fill([25_000_000], 2.0), use_resource=True)
        x = v1.placeholder(tf.float32, [None], name="x")
        y = tf.multiply(x, scale * tf.gather(large, 24_999_999), name="y")
        session.run(scale.initializer)
        signatures = {"serving_default": signature_v1({"x": x}, {"y": y})}
        save_v1(folder, session, signatures, main_op=large.initializer, saver=v1.train.Saver([scale]))
    return [("serving_default", {"x": tf.constant([1.0, 3.0])})]


# --- writing ---


def answer(path, tags, calls):
    loaded = tf.saved_model.load(str(path), tags=tags)
    recorded = []
    for name, inputs in calls:
        outputs = loaded.signatures[name](**inputs)
        recorded.append({
            "signature": name,
            "inputs": {key: tensor_to_json(value) for key, value in inputs.items()},
            "outputs": {key: tensor_to_json(value) for key, value in outputs.items()},
        })  # fmt: skip
    return recorded


def edit(path, change):
    file = path / "saved_model.pb"
    model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    change(model)
    file.write_bytes(model.SerializeToString(deterministic=True))


def set_default_scale(model):
    """A default for an input, as newer exporters write it."""
    signature = model.meta_graphs[0].signature_def["scaled"]
    signature.defaults["scale"].CopyFrom(tf.make_tensor_proto(10.0, tf.float32, []))


def rename_op(model):
    """An op that no library has: the graph of a model with a custom op."""
    for function in model.meta_graphs[0].graph_def.library.function:
        for node in function.node_def:
            if node.op == "FloorDiv":
                node.op = "NoSuchOp"


def saved(make):
    """A builder of a folder from a function that gives an object of TensorFlow 2."""

    def build(folder):
        module, signatures, calls = make()
        if module is not None:
            tf.saved_model.save(module, folder, signatures=signatures)
        return answer(folder, None, calls)

    return build


def built_v1(build, **options):
    """A builder of a folder from one of TensorFlow 1."""
    return lambda folder: answer(folder, ["serve"], build(folder, **options))


def with_default(folder):
    answers = saved(arithmetic)(folder)
    edit(folder, set_default_scale)
    answers.append({
        "signature": "scaled",
        "inputs": {"a": tensor_to_json(tf.constant([1.0, 2.0]))},
        "outputs": {"scaled": tensor_to_json(tf.constant([10.0, 20.0]))},
    })  # fmt: skip
    return answers


def missing_op(folder):
    shutil.copytree(HERE / "arithmetic" / "1", folder)
    edit(folder, rename_op)


BUILDERS = {
    **{make.__name__: saved(make) for make in (dtypes, shapes, strings, jpeg, table, counter)},
    "arithmetic": with_default,
    **{make.__name__: saved(make) for make in (trouble, sequence, keras3)},
    "tf1": built_v1(build_v1, tags=[["serve"], ["serve", "gpu"]]),
    "tf1-text": built_v1(build_v1, tags=[["serve"]], as_text=True),
    "large": built_v1(build_large),
    "missing-op": missing_op,
    "keras3-saved": saved(keras3_saved),
    "kinds": saved(kinds),
    "unset": built_v1(build_unset),
    "filled": built_v1(build_filled),
}


def main():
    file = HERE / "answers.json"
    answers = json.loads(file.read_text()) if file.exists() else {}
    for name in sys.argv[1:] or BUILDERS:
        shutil.rmtree(HERE / name, ignore_errors=True)
        recorded = BUILDERS[name](HERE / name / "1")
        if recorded is not None:
            answers[name] = recorded
        shutil.rmtree(SCRATCH, ignore_errors=True)
    for fingerprint in HERE.glob("*/1/fingerprint.pb"):
        fingerprint.unlink()  # optional, and different in every run
    for folder in HERE.glob("*/1/*/"):
        if not any(folder.iterdir()):
            folder.rmdir()
    ordered = {name: answers[name] for name in BUILDERS if name in answers}
    lines = [
        f"  {json.dumps(name)}: [\n    " + ",\n    ".join(json.dumps(call) for call in calls) + "\n  ]"
        if calls else f"  {json.dumps(name)}: []"
        for name, calls in ordered.items()
    ]  # fmt: skip
    file.write_text("{\n" + ",\n".join(lines) + "\n}\n")


main()

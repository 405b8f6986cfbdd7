"""Functions of one idea each: strings, tables, control flow, state, and what indices and sizes do."""

from dataclasses import dataclass

import numpy as np
import tensorflow as tf
from registry import ALL, WEIGHTS, model


@dataclass(frozen=True)
class Signatures:
    """Functions by signature name, and the module whose variables and tables they use."""

    module: tf.Module
    functions: dict


def spec(shape, dtype, name):
    return tf.TensorSpec(shape, dtype, name)


def signature(*specs, uses=()):
    """Makes a builder's function the one signature, by names of its specs."""

    def wrap(function):
        module = tf.Module()
        module.uses = uses
        return Signatures(module, {"serving_default": tf.function(function, input_signature=specs)})

    return wrap


def floats(*shape):
    return tf.constant(np.random.default_rng(2).normal(size=shape), tf.float32)


X = spec([None, 8], tf.float32, "x")
IMAGE = spec([None, None, None, 3], tf.float32, "image")


def elementwise(name, function, dtype=tf.float32, inputs=1, quantizations=("",)):
    """Registers a model of one function of one or two tensors of the same dtype."""

    def build():
        if inputs == 1:
            return signature(spec([None, 6], dtype, "x"))(lambda x: {"y": function(x)})
        specs = spec([None, 6], dtype, "x"), spec([None, 6], dtype, "y")
        return signature(*specs)(lambda x, y: {"z": function(x, y)})

    build.__name__ = name
    model(*quantizations)(build)


for kind in ("abs", "ceil", "cos", "exp", "floor", "negative", "round", "rsqrt", "sign", "sin", "sqrt", "square"):
    elementwise(f"unary_{kind}", getattr(tf, kind, None) or getattr(tf.math, kind))
elementwise("unary_log", lambda x: tf.math.log(x + 1.0))
elementwise("unary_erf_gelu", lambda x: tf.nn.gelu(x - 0.5, approximate=False))
elementwise("unary_gelu", lambda x: tf.nn.gelu(x - 0.5, approximate=True), quantizations=("f32", "int8f"))
for kind in ("maximum", "minimum", "pow", "subtract", "multiply", "divide"):
    elementwise(f"binary_{kind}", getattr(tf, kind, None) or getattr(tf.math, kind), inputs=2)
elementwise("binary_squared_difference", tf.math.squared_difference, inputs=2)
elementwise("binary_atan2", tf.atan2, inputs=2)
elementwise("binary_floordiv", lambda x, y: x // (y + 1.0), inputs=2)
elementwise("int32_arithmetic", lambda x, y: (x * 3 + y) // 2 - tf.maximum(x, y), tf.int32, 2)
elementwise("int32_floormod", lambda x, y: x % (y + 1), tf.int32, 2)
elementwise("int32_bits", lambda x, y: tf.bitwise.bitwise_xor(x, tf.bitwise.right_shift(y, 1)), tf.int32, 2)
elementwise("int64_arithmetic", lambda x, y: x * 5 + y - 1, tf.int64, 2)
elementwise("float64_cast", lambda x: tf.cast(tf.cast(x, tf.float32) * 2.0, tf.float64), tf.float64)
elementwise("float16_cast", lambda x: tf.cast(tf.cast(x, tf.float32) * 2.0, tf.float16), tf.float16)
elementwise("bool_logic", lambda x, y: tf.logical_or(tf.logical_and(x, y), tf.logical_not(x)), tf.bool, 2)
elementwise("uint8_scale", lambda x: tf.cast(x, tf.float32) / 255.0, tf.uint8)
elementwise("int16_cast", lambda x: tf.cast(tf.cast(x, tf.int32) + 1, tf.int16), tf.int16)
elementwise("bitcast", lambda x: tf.bitcast(x, tf.int32))
elementwise("compare", lambda x, y: tf.where(x > y, x, y * 2.0), inputs=2)
elementwise("add", lambda x, y: x + y, inputs=2, quantizations=("f32", "int8", "i16x8"))


@model()
def reductions():
    return signature(X)(
        lambda x: {
            "sum": tf.reduce_sum(x, 1),
            "mean": tf.reduce_mean(x, 0),
            "max": tf.reduce_max(x, 1, keepdims=True),
            "min": tf.reduce_min(x),
            "prod": tf.reduce_prod(x, 1),
            "any": tf.reduce_any(x > 0.9, 1),
            "all": tf.reduce_all(x > 0.1, 1),
        }
    )


@model()
def arg_max():
    return signature(X)(lambda x: {"largest": tf.argmax(x, 1), "smallest": tf.argmin(x, 1, tf.int32)})


@model(*ALL)
def batch_matmul():
    w = floats(8, 5)
    return signature(spec([None, 4, 8], tf.float32, "x"))(lambda x: {"y": tf.matmul(x, w)})


@model(*ALL)
def attention_scores():
    """A product of two computed matrices, as in every attention layer."""
    specs = spec([None, 4, 16, 8], tf.float32, "query"), spec([None, 4, 16, 8], tf.float32, "key")
    return signature(*specs)(lambda query, key: {"scores": tf.matmul(query, key, transpose_b=True)})


@model("f32", "dyn")
def einsum():
    w = floats(4, 8, 3)
    return signature(spec([None, 6, 8], tf.float32, "x"))(lambda x: {"y": tf.einsum("bid,hdk->bhik", x, w)})


@model(*WEIGHTS)
def dense_any_rows():
    w, b = floats(8, 12), floats(12)
    return signature(spec([None, None, 8], tf.float32, "x"))(lambda x: {"y": tf.nn.relu(tf.tensordot(x, w, 1) + b)})


@model()
def string_lookup():
    keys, values = tf.constant(["hello", "movie", "a"]), tf.constant([1, 2, 3], tf.int64)
    table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(keys, values), -1)
    return signature(spec([None], tf.string, "words"), uses=[table])(lambda words: {"ids": table.lookup(words)})


@model()
def string_lookup_embedding():
    keys, values = tf.constant(["hello", "movie", "a"]), tf.constant([1, 2, 3], tf.int64)
    table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(keys, values), 0)
    w = floats(4, 6)
    return signature(spec([None], tf.string, "words"), uses=[table])(
        lambda words: {"vectors": tf.gather(w, tf.clip_by_value(table.lookup(words), 0, 3))}
    )


@model()
def string_equal():
    words = spec([None, 3], tf.string, "words")
    return signature(words)(lambda words: {"equal": tf.equal(words, "movie"), "words": tf.reshape(words, [-1])})


@model()
def string_gather():
    labels = tf.constant(["cat", "dog", "", "\u00e4\u20ac"])
    return signature(spec([None, 4], tf.float32, "scores"))(lambda scores: {"label": tf.gather(labels, tf.argmax(scores, 1))})


@model()
def where():
    return signature(X)(lambda x: {"where": tf.where(x > 0.5)})


@model()
def boolean_mask():
    return signature(X)(lambda x: {"kept": tf.boolean_mask(x, x > 0.5)})


@model()
def where_gather():
    return signature(spec([None], tf.float32, "x"))(lambda x: {"kept": tf.gather(x, tf.squeeze(tf.where(x > 0.5), 1))})


@model()
def unique_gather():
    def serve(ids):
        values, index = tf.unique(ids)
        return {"values": values, "back": tf.gather(values, index)}

    return signature(spec([None], tf.int32, "ids"))(serve)


@model()
def scatter_where():
    return signature(spec([4, 6], tf.float32, "x"))(
        lambda x: {"y": tf.scatter_nd(tf.where(x > 0.5), tf.boolean_mask(x, x > 0.5), [4, 6])}
    )


@model()
def scatter_constant():
    return signature(spec([3, 8], tf.float32, "rows"))(lambda rows: {"y": tf.scatter_nd([[4], [0], [2]], rows, [6, 8])})


@model()
def scatter_update():
    return signature(spec([6, 8], tf.float32, "x"))(
        lambda x: {"y": tf.tensor_scatter_nd_update(x, [[1], [3]], tf.zeros([2, 8]))}
    )


@model("f32", "dyn")
def retrieval():
    items = floats(8, 40)
    def serve(x):
        scores, ids = tf.math.top_k(tf.matmul(x, items), 5)
        return {"scores": scores, "ids": ids}

    return signature(X)(serve)


@model()
def sort():
    return signature(X)(lambda x: {"sorted": tf.sort(x, 1), "order": tf.argsort(x, 1, "DESCENDING")})


@model()
def top_k_gather():
    def serve(x):
        _, ids = tf.math.top_k(x, 3)
        return {"y": tf.gather(x, ids, batch_dims=1)}

    return signature(X)(serve)


def boxes():
    return spec([20, 4], tf.float32, "boxes"), spec([20], tf.float32, "scores")


@model()
def non_max_suppression():
    def serve(boxes, scores):
        chosen, count = tf.image.non_max_suppression_padded(boxes, scores, 5, pad_to_max_output_size=True)
        return {"chosen": chosen, "count": count}

    return signature(*boxes())(serve)


@model()
def nms_v4():
    def serve(boxes, scores):
        chosen, count = tf.raw_ops.NonMaxSuppressionV4(
            boxes=boxes, scores=scores, max_output_size=6, iou_threshold=0.5, score_threshold=0.2, pad_to_max_output_size=True
        )
        return {"kept": tf.gather(boxes, chosen), "count": count}

    return signature(*boxes())(serve)


@model()
def nms_v5():
    def serve(boxes, scores):
        chosen, kept, count = tf.raw_ops.NonMaxSuppressionV5(
            boxes=boxes, scores=scores, max_output_size=6, iou_threshold=0.5, score_threshold=0.2, soft_nms_sigma=0.1,
            pad_to_max_output_size=True,
        )
        return {"kept": tf.gather(boxes, chosen[:count]), "scores": kept}

    return signature(*boxes())(serve)


@model()
def gather_constant():
    return signature(X)(lambda x: {"y": tf.gather(x, [7, 0, 3], axis=1), "z": tf.gather_nd(x, [[0, 1]])})


@model()
def embedding_plus_one():
    w = floats(12, 4)
    return signature(spec([None, 5], tf.int32, "ids"))(lambda ids: {"y": tf.gather(w, ids + 1)})


@model()
def one_hot():
    return signature(spec([None], tf.int32, "ids"))(lambda ids: {"y": tf.one_hot(ids, 6)})


@model()
def relative_positions():
    w = floats(21, 8)
    def serve(x):
        steps = tf.range(tf.shape(x)[1])
        distance = tf.clip_by_value(steps[:, None] - steps[None], -10, 10) + 10
        return {"y": tf.einsum("btd,tsd->bts", x, tf.gather(w, distance))}

    return signature(spec([None, None, 8], tf.float32, "x"))(serve)


@model()
def position_embedding():
    w = floats(2048, 8)
    return signature(spec([None, None, 8], tf.float32, "x"))(lambda x: {"y": x + w[: tf.shape(x)[1]]})


@model()
def strided_slices():
    return signature(spec([None, 8, 6], tf.float32, "x"))(
        lambda x: {"a": x[:, 1:7:2], "b": x[:, -3:, 0], "c": x[:, ::-1], "d": x[:, None, 2, :]}
    )


@model()
def slice_by_shape():
    return signature(spec([None, None], tf.float32, "x"))(
        lambda x: {"half": tf.slice(x, [0, tf.shape(x)[1] // 2], [-1, -1]), "first": x[:, :1]}
    )


@model()
def tile_by_shape():
    rows = floats(1, 4)
    return signature(X)(lambda x: {"y": tf.tile(rows, [tf.shape(x)[0], 1])})


@model()
def broadcast_and_fill():
    def serve(x):
        n = tf.shape(x)[0]
        return {"filled": tf.fill([n, 2], 3.0), "wide": tf.broadcast_to(floats(1, 8), [n, 8]), "range": tf.range(n)}

    return signature(X)(serve)


@model()
def pads():
    return signature(spec([None, 4, 4], tf.float32, "x"))(
        lambda x: {
            "zero": tf.pad(x, [[0, 0], [1, 2], [0, 1]]),
            "value": tf.pad(x, [[0, 0], [1, 1], [1, 1]], constant_values=2.0),
            "mirror": tf.pad(x, [[0, 0], [1, 1], [2, 2]], "SYMMETRIC"),
        }
    )


@model()
def shape_juggling():
    def serve(x):
        a, b = tf.split(x, 2, 1)
        parts = tf.unstack(tf.reshape(x, [-1, 2, 4]), axis=1)
        return {"stack": tf.stack([a, b], 1), "turned": tf.transpose(tf.stack(parts, 1), [0, 2, 1]), "flat": tf.reshape(x, [-1])}

    return signature(X)(serve)


@model()
def space_and_depth():
    return signature(spec([1, 8, 8, 4], tf.float32, "x"))(
        lambda x: {
            "deep": tf.nn.space_to_depth(x, 2),
            "wide": tf.nn.depth_to_space(x, 2),
            "batch": tf.space_to_batch(x, [2, 2], [[0, 0], [0, 0]]),
        }
    )


@model()
def reverse_sequence():
    return signature(spec([3, 5], tf.float32, "x"))(lambda x: {"y": tf.reverse_sequence(x, [5, 2, 1], 1), "z": tf.reverse(x, [0])})


@model()
def cumsum():
    return signature(X)(lambda x: {"y": tf.cumsum(x, 1), "z": tf.cumsum(x, 1, exclusive=True, reverse=True)})


@model()
def segment_sum():
    return signature(spec([6, 3], tf.float32, "x"))(lambda x: {"y": tf.math.segment_sum(x, [0, 0, 1, 1, 1, 2])})


@model()
def matrix_diag():
    return signature(X)(lambda x: {"y": tf.linalg.diag(x), "z": tf.linalg.set_diag(tf.linalg.diag(x), x + 1.0)})


@model()
def resize_images():
    return signature(IMAGE)(
        lambda image: {
            "bilinear": tf.image.resize(image, [20, 24]),
            "nearest": tf.image.resize(image, [7, 5], "nearest"),
            "double": tf.image.resize(image, 2 * tf.shape(image)[1:3]),
        }
    )


@model("f32", "f16", "dyn")
def preprocessing():
    w = floats(5, 5, 3, 4)
    def serve(image):
        scaled = tf.image.resize(tf.cast(image, tf.float32), [32, 32]) / 127.5 - 1.0
        return {"y": tf.reduce_mean(tf.nn.conv2d(scaled, w, 2, "SAME"), [1, 2])}

    return signature(spec([None, None, None, 3], tf.uint8, "image"))(serve)


@model()
def audio_stft():
    return signature(spec([None], tf.float32, "audio"))(
        lambda audio: {"power": tf.abs(tf.signal.stft(audio, 256, 128, fft_length=256))}
    )


@model()
def audio_frames():
    return signature(spec([1, None], tf.float32, "audio"))(lambda audio: {"frames": tf.signal.frame(audio, 160, 80, pad_end=True)})


@model()
def rfft_complex():
    return signature(spec([1, 64], tf.float32, "x"))(lambda x: {"spectrum": tf.signal.rfft2d(tf.reshape(x, [1, 8, 8]), [8, 8])})


@model()
def complex_parts():
    return signature(spec([None, 4], tf.complex64, "x"))(lambda x: {"re": tf.math.real(x), "im": tf.math.imag(x), "abs": tf.abs(x)})


@model()
def condition():
    return signature(X)(lambda x: {"y": tf.cond(tf.reduce_mean(x) > 0.5, lambda: x * 2.0, lambda: tf.sin(x))})


@model()
def while_constant():
    def serve(x):
        _, y = tf.while_loop(lambda i, y: i < 5, lambda i, y: (i + 1, tf.sin(y) + x), [0, x])
        return {"y": y}

    return signature(X)(serve)


@model()
def while_data():
    def serve(x):
        y = tf.while_loop(lambda y: tf.reduce_sum(y) < 50.0, lambda y: (y * 1.5 + 1.0,), [x])[0]
        return {"y": y}

    return signature(X)(serve)


@model()
def nested_while():
    def serve(x):
        inner = lambda y: tf.while_loop(lambda j, z: j < 3, lambda j, z: (j + 1, z + 0.5), [0, y])[1]
        return {"y": tf.while_loop(lambda i, y: i < 4, lambda i, y: (i + 1, inner(y)), [0, x])[1]}

    return signature(X)(serve)


@model()
def while_slices():
    def serve(x):
        step = lambda i, total: (i + 1, total + tf.reduce_sum(x[:, i], 1))
        return {"y": tf.while_loop(lambda i, _: i < 6, step, [0, tf.zeros(tf.shape(x)[:1])])[1]}

    return signature(spec([None, 6, 3], tf.float32, "x"))(serve)


@model()
def scalar_io():
    return signature(spec([], tf.float32, "x"))(lambda x: {"y": x * 2.0 + 1.0})


@model()
def scalar_times_rows():
    return signature(X, spec([], tf.float32, "scale"))(lambda x, scale: {"y": x * scale})


@model()
def no_inputs():
    return signature()(lambda: {"constant": floats(2, 3)})


@model()
def pass_through():
    return signature(X)(lambda x: {"same": tf.identity(x), "twice": x * 2.0})


@model()
def several_signatures():
    encoder, decoder = floats(8, 3), floats(3, 8)
    functions = {
        "encode": tf.function(lambda x: {"code": tf.matmul(x, encoder)}, input_signature=[X]),
        "decode": tf.function(lambda code: {"x": tf.matmul(code, decoder)}, input_signature=[spec([None, 3], tf.float32, "code")]),
        "serving_default": tf.function(lambda x: {"y": tf.matmul(tf.matmul(x, encoder), decoder)}, input_signature=[X]),
    }
    return Signatures(tf.Module(), functions)


@model()
def two_towers():
    users, items = floats(20, 4), floats(30, 4)
    ids = [spec([None], tf.int32, "ids")]
    functions = {
        "user": tf.function(lambda ids: {"vector": tf.gather(users, ids)}, input_signature=ids),
        "item": tf.function(lambda ids: {"vector": tf.gather(items, ids)}, input_signature=ids),
    }
    return Signatures(tf.Module(), functions)


class Counter(tf.Module):
    def __init__(self):
        self.total = tf.Variable(0.0)
        self.window = tf.Variable(tf.zeros([1, 4]))


@model()
def state_counter():
    counter = Counter()
    def serve(by):
        return {"total": counter.total.assign_add(by)}

    serve = tf.function(serve, input_signature=[spec([], tf.float32, "by")])
    return Signatures(counter, {"serving_default": serve})


@model()
def state_window():
    counter = Counter()
    def serve(x):
        window = tf.concat([counter.window[:, 1:], tf.reshape(x, [1, 1])], 1)
        return {"mean": tf.reduce_mean(counter.window.assign(window))}

    return Signatures(counter, {"serving_default": tf.function(serve, input_signature=[spec([], tf.float32, "x")])})


@model()
def multi_signature_state():
    """Signatures on four subgraphs, a scalar int64, and state that two of them share."""
    module = tf.Module()
    module.total = tf.Variable(0, dtype=tf.int64)
    encoder, decoder = floats(4, 2), floats(2, 4)
    functions = {
        "add": tf.function(lambda by: {"total": module.total.assign_add(by)}, input_signature=[spec([], tf.int64, "by")]),
        "encode": tf.function(lambda x: {"code": tf.matmul(x, encoder)}, input_signature=[spec([None, 4], tf.float32, "x")]),
        "decode": tf.function(lambda code: {"x": tf.matmul(code, decoder)}, input_signature=[spec([None, 2], tf.float32, "code")]),
        "version": tf.function(lambda: {"version": tf.constant(3)}, input_signature=[]),
    }
    return Signatures(module, functions)


@model(*WEIGHTS)
def tf1_graph():
    """A graph of TensorFlow 1, frozen from a session, without a signature in the file."""
    v1 = tf.compat.v1
    with v1.Graph().as_default() as graph:
        session = v1.Session(graph=graph)
        x = v1.placeholder(tf.float32, [1, 8], "x")
        w = v1.get_variable("w", initializer=np.random.default_rng(3).normal(size=[8, 4]).astype("float32"))
        y = v1.identity(v1.nn.relu(v1.matmul(x, w)), "y")
        session.run(v1.global_variables_initializer())
        return Tf1(session, [x], [y])


@dataclass(frozen=True)
class Tf1:
    """What the converter's entry for TensorFlow 1 takes."""

    session: object
    inputs: list
    outputs: list

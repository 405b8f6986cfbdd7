"""Makes the .tflite files of this folder. Requirements: ../../../../examples/models/digits/requirements.txt

    python packages/servable-tflite/test/models/make.py
"""

import pathlib

import flatbuffers
import numpy as np
import tensorflow as tf
from tensorflow.lite.python import schema_py_generated as schema

FOLDER = pathlib.Path(__file__).parent


def save(name, functions, uses=()):
    """Converts functions by signature name: each a tf.function with an input signature."""
    module = tf.Module()
    module.functions = functions
    module.uses = uses
    signatures = {key: function.get_concrete_function() for key, function in functions.items()}
    path = f"/tmp/serving-kit-models/{name}"
    tf.saved_model.save(module, path, signatures)
    converter = tf.lite.TFLiteConverter.from_saved_model(path, signature_keys=list(functions))
    (FOLDER / f"{name}.tflite").write_bytes(converter.convert())


def spec(shape, dtype, name):
    return tf.TensorSpec(shape, dtype, name)


DTYPES = [
    "float16", "float32", "float64", "int8", "int16", "int32", "int64",
    "uint8", "uint32", "uint64", "bool", "complex64", "complex128",
]


# Every dtype in and out, [-1, 4] as [-1, 2, 2].
@tf.function(input_signature=[{name: spec([None, 4], name, name) for name in DTYPES}])
def reshape(inputs):
    return {name: tf.reshape(tensor, [-1, 2, 2]) for name, tensor in inputs.items()}


# Words in and out, a bool of each, and an index that can be out of bounds.
@tf.function(input_signature=[spec([None], tf.string, "words"), spec([None], tf.int32, "indices")])
def pick(words, indices):
    picked = tf.gather(words, indices)
    return {"picked": picked, "equal": tf.equal(picked, tf.constant("yes"))}


# The shape of the output is known only after the run.
@tf.function(input_signature=[spec([None, None], tf.float32, "x")])
def positives(x):
    return {"where": tf.where(x > 0.0), "twice": x * 2.0}


# Runs as long as it is told.
@tf.function(input_signature=[spec([8], tf.float32, "x"), spec([], tf.int32, "steps")])
def spin(x, steps):
    def step(i, value):
        return i + 1, tf.sin(value) + x

    _, value = tf.while_loop(lambda i, _: i < steps, step, [0, x])
    return {"y": value}


# Two signatures: the second lies on another subgraph.
@tf.function(input_signature=[spec([None, 2], tf.float32, "x")])
def double(x):
    return {"y": x * 2.0}


@tf.function(input_signature=[spec([None, 2], tf.float32, "x")])
def triple(x):
    return {"y": x * 3.0}


# Keeps the state of an RNN in a variable tensor: h = x + h, one step a run. The converter does not
# make variable tensors any more, so this one is put together by hand.
def save_rnn():
    float32 = schema.TensorType.FLOAT32
    empty, one, zero = [b"", np.float32([[1]]).tobytes(), np.float32([0]).tobytes()]
    tensors = [
        ("x", [1, 1, 1], empty), ("weights", [1, 1], one), ("recurrent", [1, 1], one),
        ("bias", [1], zero), ("state", [1, 1], empty), ("y", [1, 1, 1], empty),
    ]
    model = schema.ModelT()
    model.version = 3
    model.buffers = []
    graph = schema.SubGraphT()
    graph.tensors = []
    for name, shape, data in tensors:
        tensor, buffer = schema.TensorT(), schema.BufferT()
        tensor.name, tensor.shape, tensor.type = name, shape, float32
        tensor.buffer, tensor.isVariable = len(model.buffers), name == "state"
        buffer.data = np.frombuffer(data, np.uint8) if data else None
        graph.tensors.append(tensor)
        model.buffers.append(buffer)
    operator, code, options = schema.OperatorT(), schema.OperatorCodeT(), schema.SequenceRNNOptionsT()
    code.builtinCode = schema.BuiltinOperator.UNIDIRECTIONAL_SEQUENCE_RNN
    code.deprecatedBuiltinCode, code.version = code.builtinCode, 1
    operator.inputs, operator.outputs, operator.opcodeIndex = [0, 1, 2, 3, 4], [5], 0
    operator.builtinOptionsType = schema.BuiltinOptions.SequenceRNNOptions
    operator.builtinOptions = options
    graph.inputs, graph.outputs, graph.operators = [0], [5], [operator]
    model.operatorCodes, model.subgraphs = [code], [graph]
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    (FOLDER / "rnn.tflite").write_bytes(builder.Output())


# A dense layer quantized for each channel, as the converter does since 2.17 if nobody says otherwise.
def save_dense():
    weights = tf.constant(np.float32([[1, 100], [2, -50], [3, 10], [4, 5]]))

    @tf.function(input_signature=[spec([1, 4], tf.float32, "x")])
    def dense(x):
        return {"y": x @ weights}

    function = dense.get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], tf.Module())
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([np.float32([[i, 1, -i, 2]])] for i in range(9))
    (FOLDER / "dense.tflite").write_bytes(converter.convert())


save("dtypes", {"serving_default": reshape})
save("strings", {"serving_default": pick})
save("dynamic", {"serving_default": positives})
save("spin", {"serving_default": spin})
save("subgraphs", {"serving_default": double, "triple": triple})
save_rnn()
save_dense()

"""Makes the .tflite files of this folder. Requirements: ../../../../examples/models/digits/requirements.txt

    python packages/servable-tflite/test/models/make.py [NAME …]

With names, makes only these.
"""

import pathlib
import sys

import flatbuffers
import numpy as np
import tensorflow as tf
from flatbuffers import flexbuffers
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow.lite.python import schema_py_generated as schema

FOLDER = pathlib.Path(__file__).parent


def is_wanted(name):
    return len(sys.argv) == 1 or name in sys.argv[1:]


def save(name, functions, uses=(), prepare=lambda converter: None):
    """Converts functions by signature name: each a tf.function with an input signature."""
    if not is_wanted(name):
        return
    module = tf.Module()
    module.functions = functions
    module.uses = uses
    signatures = {key: function.get_concrete_function() for key, function in functions.items()}
    path = f"/tmp/serving-kit-models/{name}"
    tf.saved_model.save(module, path, signatures)
    converter = tf.lite.TFLiteConverter.from_saved_model(path, signature_keys=list(functions))
    prepare(converter)
    (FOLDER / f"{name}.tflite").write_bytes(converter.convert())


def save_model(name, model):
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    (FOLDER / f"{name}.tflite").write_bytes(builder.Output())


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


# A chain of convolutions that each keep x and add 0, 0.25, … 1.5. Each kernel adds temporary tensors.
def convolutions(x, count):
    kernel = np.zeros([3, 3, 1, 1], np.float32)
    kernel[1, 1] = 1
    for i in range(count):
        x = tf.nn.conv2d(x, kernel, 1, "SAME") + 0.25 * (i % 7)
    return x


# More tensors than TensorFlow Lite reserves room for (128), and a temporary for each convolution.
@tf.function(input_signature=[spec([None, None, 3, 1], tf.float32, "x")])
def many_temporaries(x):
    return {"y": convolutions(x, 130)}


# Convolutions on the rows of x that start with a positive number: prepared during the run.
@tf.function(input_signature=[spec([None, 3], tf.float32, "x")])
def dynamic_temporaries(x):
    rows = tf.gather_nd(x, tf.where(x[:, 0] > 0.0))
    y = tf.reshape(convolutions(tf.reshape(rows, [-1, 3, 1, 1]), 70), [-1, 3])
    return {"y": y, "twice": x * 2.0}


# A total of all calls in a resource variable, which one signature adds to and another returns.
total = tf.Variable([10.0], name="total")


@tf.function(input_signature=[spec([None], tf.float32, "x")])
def add_to_total(x):
    return {"total": total.assign_add(tf.reduce_sum(x, keepdims=True)).read_value()}


@tf.function(input_signature=[])
def read_total():
    return {"total": total.read_value()}


def with_resource_variables(converter):
    converter.experimental_enable_resource_variables = True


# Resource variables that no call assigns, and a hash table: constants, so no state.
scale = tf.Variable([3.0], name="scale")
initializer = tf.lookup.KeyValueTensorInitializer(tf.constant(["a", "b"]), tf.constant([1, 2], tf.int64))
numbers = tf.lookup.StaticHashTable(initializer, -1)


@tf.function(input_signature=[spec([None], tf.string, "word"), spec([None], tf.float32, "x")])
def look_up(word, x):
    return {"number": numbers.lookup(word), "scaled": x * scale}


# Zeros are no valid input of these: a division by zero, and a loop that ends only for other values.
@tf.function(input_signature=[spec([2], tf.int32, "a"), spec([2], tf.int32, "b")])
def remainder(a, b):
    return {"y": tf.math.floormod(a, b)}


@tf.function(input_signature=[spec([], tf.float32, "x")])
def endless(x):
    return {"y": tf.while_loop(lambda y: y < 1.0, lambda y: (y + x,), [x])[0]}


# An input of more elements than a warm-up generates, in a file of a few bytes.
@tf.function(input_signature=[spec([2**27], tf.int8, "x")])
def large(x):
    return {"y": x[:2]}


# Convolutions of int8 for images of any size: those of one pixel leave an empty tensor after the first.
depthwise_kernel = tf.random.stateless_normal([3, 3, 3, 1], seed=[1, 2])


@tf.function(input_signature=[spec([None, None, None, 3], tf.float32, "image")])
def depthwise(image):
    x = image
    for _ in range(2):
        x = tf.nn.depthwise_conv2d(x, depthwise_kernel, [1, 2, 2, 1], "VALID")
    return {"y": tf.reduce_mean(x, [1, 2])}


def in_int8(converter):
    def images():
        for seed in range(4):
            yield {"image": tf.random.stateless_normal([1, 9, 9, 3], seed=[seed, 0])}

    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = images


# Models with a fixed batch of 1: rows that are independent, that are not, and that cannot be joined.
WEIGHTS = np.float32([[1, -1], [0.5, 2], [-3, 1], [2, 0.25]])


@tf.function(input_signature=[spec([1, 4], tf.float32, "x")])
def fixed_rows(x):
    return {"y": tf.tanh(x @ WEIGHTS)}


@tf.function(input_signature=[spec([1, 4], tf.float32, "x")])
def single_row(x):
    return {"y": tf.tanh(tf.reshape(x * 2.0, [1, 2, 2]))}


# Slices at an index that it computes from values.
@tf.function(input_signature=[spec([4], tf.float32, "x")])
def unchecked(x):
    return {"y": tf.slice(x, [tf.cast(tf.reduce_sum(x), tf.int32)], [1])}


# A model of one operator on float32 tensors, put together by hand: (name, shape, bytes or None, isVariable).
# The operator is a BuiltinOperator or the name of a custom operator.
def save_operator(name, kind, options_type, options, tensors, inputs, outputs, graph_inputs):
    if not is_wanted(name):
        return
    model = schema.ModelT()
    model.version = 3
    model.buffers = []
    graph = schema.SubGraphT()
    graph.tensors = []
    for tensor_name, shape, data, is_variable in tensors:
        tensor, buffer = schema.TensorT(), schema.BufferT()
        tensor.name, tensor.shape, tensor.type = tensor_name, shape, schema.TensorType.FLOAT32
        tensor.buffer, tensor.isVariable = len(model.buffers), is_variable
        buffer.data = np.frombuffer(data, np.uint8) if data else None
        graph.tensors.append(tensor)
        model.buffers.append(buffer)
    operator, code = schema.OperatorT(), schema.OperatorCodeT()
    custom = isinstance(kind, str)
    code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.CUSTOM if custom else kind
    code.customCode = kind if custom else None
    code.version = 1
    operator.inputs, operator.outputs, operator.opcodeIndex = inputs, outputs, 0
    operator.builtinOptionsType, operator.builtinOptions = options_type, options
    graph.inputs, graph.outputs, graph.operators = graph_inputs, outputs, [operator]
    model.operatorCodes, model.subgraphs = [code], [graph]
    save_model(name, model)


# Keeps the state of an RNN in a variable tensor: h = x + h, one step a run. The converter does not
# make variable tensors any more, so this one is put together by hand.
def save_rnn():
    one, zero = np.float32([[1]]).tobytes(), np.float32([0]).tobytes()
    tensors = [
        ("x", [1, 1, 1], None, False), ("weights", [1, 1], one, False),
        ("recurrent", [1, 1], one, False), ("bias", [1], zero, False),
        ("state", [1, 1], None, True), ("y", [1, 1, 1], None, False),
    ]
    builtin = schema.BuiltinOperator.UNIDIRECTIONAL_SEQUENCE_RNN
    options_type, options = schema.BuiltinOptions.SequenceRNNOptions, schema.SequenceRNNOptionsT()
    save_operator("rnn", builtin, options_type, options, tensors, [0, 1, 2, 3, 4], [5], [0])


# a - b, where the input b is flagged as a variable.
def save_variable_input():
    tensors = [("a", [2], None, False), ("b", [2], None, True), ("y", [2], None, False)]
    options_type, options = schema.BuiltinOptions.SubOptions, schema.SubOptionsT()
    builtin = schema.BuiltinOperator.SUB
    save_operator("variable_input", builtin, options_type, options, tensors, [0, 1], [2], [0, 1])


# An operator of TensorFlow itself, as SELECT_TF_OPS makes them.
def save_flex():
    tensors = [("x", [1, 2], None, False), ("y", [1, 2], None, False)]
    none = schema.BuiltinOptions.NONE
    save_operator("flex", "FlexErfinv", none, None, tensors, [0], [1], [0])


# Parses tf.Example messages with the operators that TF Serving adds to TensorFlow Lite: `ParseExampleV2` of TF2,
# or `ParseExample` of TF1. Dense features, with and without defaults, and a sparse one.
def save_parse_example(name, is_v2):
    if not is_wanted(name):
        return
    parse = tf.raw_ops.ParseExampleV2 if is_v2 else tf.raw_ops.ParseExample
    keys = (
        {"sparse_keys": ["s"], "dense_keys": ["n", "x", "y"], "ragged_keys": [], "num_sparse": 1}
        if is_v2
        else {"sparse_keys": ["s"], "dense_keys": ["n", "x", "y"]}
    )
    types = {"ragged_value_types": [], "ragged_split_types": []} if is_v2 else {}

    @tf.function(input_signature=[spec([None], tf.string, "examples")])
    def parsed(examples):
        result = parse(
            serialized=examples, names=[], sparse_types=[tf.float32], dense_shapes=[[], [2], [1]],
            dense_defaults=[
                tf.zeros([0], tf.int64), tf.constant([0.5, -1.0]), tf.constant(["missing"]),
            ],
            **keys, **types,
        )
        n, x, y = result.dense_values
        return {
            "n": n, "x": x, "y": y, "sum": tf.reduce_sum(x, 1) + tf.cast(n, tf.float32),
            "indices": result.sparse_indices[0], "values": result.sparse_values[0] * 10.0,
            "shape": result.sparse_shapes[0],
        }

    function = parsed.get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], tf.Module())
    converter.allow_custom_ops = True
    (FOLDER / f"{name}.tflite").write_bytes(converter.convert())


# Adds to each row those before it. The batch is fixed after the conversion, which would fold the sum away.
def save_mixed_rows():
    if not is_wanted("mixed_rows"):
        return

    @tf.function(input_signature=[spec([None, 4], tf.float32, "x")])
    def mixed(x):
        return {"y": tf.tanh(tf.cumsum(x, axis=0))}

    function = mixed.get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], tf.Module())
    model = schema.ModelT.InitFromPackedBuf(converter.convert(), 0)
    for tensor in model.subgraphs[0].tensors:
        tensor.shapeSignature = None
    save_model("mixed_rows", model)


# A dense layer quantized for each channel, as the converter does since 2.17 if nobody says otherwise.
def save_dense():
    if not is_wanted("dense"):
        return
    weights = tf.constant(np.float32([[1, 100], [2, -50], [3, 10], [4, 5]]))

    @tf.function(input_signature=[spec([1, 4], tf.float32, "x")])
    def dense(x):
        return {"y": x @ weights}

    function = dense.get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], tf.Module())
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = lambda: ([np.float32([[i, 1, -i, 2]])] for i in range(9))
    (FOLDER / "dense.tflite").write_bytes(converter.convert())


# x / 2 + 2 with SignatureDefs in the metadata, as tools for TF Serving write them, and tensors without `:0`.
def save_metadata_signatures():
    if not is_wanted("metadata_signatures"):
        return

    @tf.function(input_signature=[spec([None, 1], tf.float32, "x")])
    def half_plus_two(x):
        return {"y": x * 0.5 + 2.0}

    function = half_plus_two.get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions([function], tf.Module())
    model = schema.ModelT.InitFromPackedBuf(converter.convert(), 0)
    graph = model.subgraphs[0]
    graph.tensors[graph.inputs[0]].name = b"tflite_input"
    graph.tensors[graph.outputs[0]].name = b"y:0"
    model.signatureDefs = None

    def definition(method, inputs, outputs):
        message = meta_graph_pb2.SignatureDef(method_name=f"tensorflow/serving/{method}")
        for infos, names in (message.inputs, inputs), (message.outputs, outputs):
            for key, tensor in names.items():
                infos[key].name, infos[key].dtype = tensor, tf.float32.as_datatype_enum
        return message.SerializeToString()

    builder = flexbuffers.Builder()
    with builder.Map():
        for key, *names in (
            ("serving_default", "predict", {"x": "tflite_input:0"}, {"y": "y:0"}),
            ("regress", "regress", {"inputs": "tflite_input"}, {"outputs": "y:0"}),
        ):
            builder.String(key, definition(*names).decode())
    buffer, metadata = schema.BufferT(), schema.MetadataT()
    buffer.data = np.frombuffer(builder.Finish(), np.uint8)
    metadata.name, metadata.buffer = "signature_defs_metadata", len(model.buffers)
    model.buffers.append(buffer)
    model.metadata.append(metadata)
    save_model("metadata_signatures", model)


save("dtypes", {"serving_default": reshape})
save("strings", {"serving_default": pick})
save("dynamic", {"serving_default": positives})
save("spin", {"serving_default": spin})
save("subgraphs", {"serving_default": double, "triple": triple})
save("unchecked", {"serving_default": unchecked})
save("fixed_rows", {"serving_default": fixed_rows})
save("single_row", {"serving_default": single_row})
save("many_temporaries", {"serving_default": many_temporaries})
save("dynamic_temporaries", {"serving_default": dynamic_temporaries})
save("total", {"serving_default": add_to_total, "the_total": read_total}, [total], with_resource_variables)
save("constants", {"serving_default": look_up}, [scale, numbers], with_resource_variables)
save("remainder", {"serving_default": remainder})
save("endless", {"serving_default": endless})
save("large", {"serving_default": large})
save("depthwise", {"serving_default": depthwise}, prepare=in_int8)
save_rnn()
save_variable_input()
save_mixed_rows()
save_flex()
save_parse_example("parse_example", True)
save_parse_example("parse_example_v1", False)
save_dense()
save_metadata_signatures()

"""Files that today's converter does not write: uint8 weights, int8 LSTM, variables, half a signature."""

import flatbuffers
import numpy as np
import tensorflow as tf
from nets import keras, L, net
from registry import model
from tensorflow.lite.python import schema_py_generated as schema


def edit(content, change):
    """A file after a change of its objects."""
    parsed = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
    change(parsed)
    builder = flatbuffers.Builder(len(content))
    builder.Finish(parsed.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def to_uint8(content):
    """An int8 file with one scale for a tensor, as the uint8 file of the converter of 2018.

    A uint8 value u of zero point z + 128 is the int8 value u - 128 of zero point z.
    """

    def change(parsed):
        for tensor in parsed.subgraphs[0].tensors:
            if tensor.type != schema.TensorType.INT8:
                continue
            tensor.type = schema.TensorType.UINT8
            tensor.quantization.zeroPoint = [int(z) + 128 for z in tensor.quantization.zeroPoint]
            buffer = parsed.buffers[tensor.buffer]
            if buffer.data is not None and len(buffer.data):
                buffer.data = (np.frombuffer(bytes(buffer.data), np.int8).astype(np.int16) + 128).astype(np.uint8)
        for code in parsed.operatorCodes:
            code.version = 1
        parsed.signatureDefs = []
        parsed.description = "TOCO Converted."

    return edit(content, change)


@model("int8t", patch=to_uint8)
def legacy_mobilenetv2():
    """The structure of mobilenet_v2_1.0_224_quant.tflite, with less of everything."""
    return keras.applications.MobileNetV2((96, 96, 3), alpha=0.35, weights=None, classes=101, classifier_activation=None)


@model("int8t", patch=to_uint8)
def legacy_conv():
    x = keras.Input([24, 24, 3], 1, name="image")
    y = L.MaxPooling2D()(L.Conv2D(8, 3, activation="relu6")(x))
    y = L.DepthwiseConv2D(3, padding="same", activation="relu6")(y)
    return net(x, L.Dense(5, "softmax")(L.Flatten()(y)))


def without_signature(content):
    def change(parsed):
        parsed.signatureDefs = []
        parsed.metadata = []

    return edit(content, change)


@model("f32", "int8", patch=without_signature)
def no_signature():
    x = keras.Input([6], 1, name="x")
    return net(x, L.Dense(3, "tanh")(x))


def variable_input(content):
    """Flags the second input as a variable, as LiteRT's own sub.bin has it."""

    def change(parsed):
        graph = parsed.subgraphs[0]
        graph.tensors[graph.inputs[1]].isVariable = True
        parsed.signatureDefs = []

    return edit(content, change)


@model(patch=variable_input)
def variable_subtrahend():
    import functions

    specs = functions.spec([1, 3], tf.float32, "a"), functions.spec([1, 3], tf.float32, "b")
    return functions.signature(*specs)(lambda a, b: {"c": a - b})

"""Keras nets: layers of every kind, fixed and unknown batch, unknown extents, more than 128 tensors."""

import os

import tensorflow as tf
from registry import ALL, INT8, WEIGHTS, model

keras = tf.keras
L = keras.layers


def net(inputs, outputs):
    return keras.Model(inputs, outputs)


@model(*ALL)
def mlp():
    x = keras.Input([16], name="x")
    y = L.Dense(32, "relu")(x)
    y = L.Dense(16, "relu6")(L.Dropout(0.5)(y))
    return net(x, L.Dense(4, "softmax")(y))


@model(*ALL)
def mlp_static():
    x = keras.Input([16], 1, name="x")
    return net(x, L.Dense(4, "sigmoid")(L.Dense(32, "tanh")(x)))


@model(*ALL)
def conv():
    x = keras.Input([32, 32, 3], name="image")
    y = L.Conv2D(8, 3, 2, "same", use_bias=False)(x)
    y = L.ReLU(6.0)(L.BatchNormalization()(y))
    y = L.MaxPooling2D()(L.Conv2D(16, 3, padding="same", activation="relu")(y))
    y = L.AveragePooling2D(2)(L.Conv2D(16, 3, dilation_rate=2, padding="same")(y))
    return net(x, L.Dense(10, "softmax")(L.GlobalAveragePooling2D()(y)))


@model(*ALL)
def conv_static():
    x = keras.Input([32, 32, 3], 1, name="image")
    y = L.MaxPooling2D()(L.Conv2D(8, 3, activation="relu")(x))
    return net(x, L.Dense(10)(L.Flatten()(y)))


@model(*ALL)
def separable():
    x = keras.Input([48, 48, 3], name="image")
    y = L.SeparableConv2D(8, 3, activation="relu")(L.Rescaling(2.0, -1.0)(x))
    y = L.DepthwiseConv2D(3, 2, depth_multiplier=2)(y)
    gate = L.Dense(16, "hard_sigmoid")(L.GlobalAveragePooling2D(keepdims=True)(y))
    return net(x, L.GlobalMaxPooling2D()(L.Multiply()([y, gate])))


def cells(y, filters, count):
    """Residual cells: many tensors, and the temporaries of their convolutions."""
    for _ in range(count):
        z = L.Conv2D(filters, 1, activation="relu6")(y)
        z = L.DepthwiseConv2D(3, padding="same", activation="relu6")(z)
        y = L.Add()([y, L.Conv2D(filters, 1)(z)])
    return y


@model(*ALL)
def many_tensors():
    x = keras.Input([16, 16, 3], name="image")
    y = cells(L.Conv2D(8, 3, padding="same")(x), 8, 20)
    return net(x, L.Dense(5)(L.GlobalAveragePooling2D()(y)))


@model(*ALL)
def densenet():
    x = keras.Input([24, 24, 3], name="image")
    y = L.Conv2D(8, 3, padding="same")(x)
    for _ in range(24):
        z = L.Activation("relu")(L.BatchNormalization()(y))
        y = L.Concatenate()([y, L.Conv2D(4, 3, padding="same")(z)])
    return net(x, L.Dense(10, "softmax")(L.GlobalAveragePooling2D()(y)))


@model(*ALL, size=32)
def unet():
    x = keras.Input([None, None, 1], name="image")
    a = L.Conv2D(8, 3, padding="same", activation="relu")(x)
    b = L.LeakyReLU()(L.Conv2D(16, 3, padding="same")(L.MaxPooling2D()(a)))
    c = L.Conv2DTranspose(8, 2, 2)(L.UpSampling2D()(L.MaxPooling2D()(b)))
    c = L.Concatenate()([c, a])
    return net(x, L.Conv2D(2, 1, activation="softmax")(c))


@model(*INT8, size=96)
def mobilenetv3small():
    return keras.applications.MobileNetV3Small((None, None, 3), weights=None, classes=100)


@model(*ALL, size=64)
def mobilenetv2():
    return keras.applications.MobileNetV2((96, 96, 3), alpha=0.35, weights=None, classes=100)


@model("f32", "dyn", "int8", size=64)
def efficientnetb0():
    return keras.applications.EfficientNetB0(weights=None, input_shape=(96, 96, 3), classes=50)


@model("f32", "int8")
def resnet50v2():
    return keras.applications.ResNet50V2(weights=None, input_shape=(64, 64, 3), classes=10)


@model(*INT8)
def convnext():
    x = keras.Input([32, 32, 3], name="image")
    y = L.LayerNormalization(epsilon=1e-6)(L.Conv2D(16, 4, 4)(x))
    for _ in range(3):
        z = L.DepthwiseConv2D(7, padding="same")(y)
        z = L.Dense(64, "gelu")(L.LayerNormalization(epsilon=1e-6)(z))
        y = L.Add()([y, L.Dense(16)(z)])
    return net(x, L.Dense(10)(L.GlobalAveragePooling2D()(y)))


@model("f32", "f16", "dyn", "int8f", size=16)
def transformer_encoder():
    x = keras.Input([16, 32], name="x")
    y = x
    for _ in range(2):
        y = L.LayerNormalization()(L.Add()([y, L.MultiHeadAttention(4, 8)(y, y)]))
        y = L.LayerNormalization()(L.Add()([y, L.Dense(32)(L.Dense(64, "gelu")(y))]))
    return net(x, L.Dense(3)(L.GlobalAveragePooling1D()(y)))


@model(*ALL)
def conv1d():
    x = keras.Input([128], name="audio")
    y = L.Reshape([128, 1])(x)
    for filters in (16, 16, 32):
        y = L.Conv1D(filters, 5, padding="same", activation="relu")(y)
        y = L.MaxPooling1D()(L.BatchNormalization()(y))
    return net(x, L.Dense(20, "sigmoid")(L.Flatten()(y)))


@model(*ALL)
def tcn():
    x = keras.Input([64, 4], name="x")
    y = x
    for rate in (1, 2, 4):
        y = L.Conv1D(8, 3, padding="causal", dilation_rate=rate, activation="relu")(y)
    return net(x, L.Dense(2)(L.Lambda(lambda t: t[:, -1])(y)))


@model(*ALL)
def autoencoder():
    x = keras.Input([28, 28, 1], name="image")
    y = L.Conv2D(8, 3, 2, "same", activation="relu")(x)
    y = L.Dense(49)(L.Flatten()(y))
    y = L.Conv2DTranspose(8, 3, 2, "same", activation="relu")(L.Reshape([7, 7, 1])(y))
    return net(x, L.Conv2DTranspose(1, 3, 2, "same", activation="sigmoid")(y))


@model(*INT8)
def activations():
    x = keras.Input([24], name="x")
    names = ("elu", "selu", "softplus", "swish", "tanh", "sigmoid", "softsign", "exponential", "hard_sigmoid")
    y = [L.Activation(name)(L.Dense(4)(x)) for name in names]
    y += [L.PReLU()(L.Dense(4)(x)), L.LeakyReLU()(L.Dense(4)(x)), L.ReLU(1.0, 0.1, 0.2)(L.Dense(4)(x))]
    return net(x, L.Concatenate()(y))


@model(*ALL)
def two_inputs():
    a, b = keras.Input([8], name="a"), keras.Input([8], name="b")
    both = L.Concatenate()([L.Dense(8, "relu")(a), L.Dense(8, "relu")(b)])
    difference = L.Subtract()([a, b])
    return net([a, b], {"sum": L.Dense(2)(both), "difference": difference, "largest": L.Maximum()([a, b])})


@model(*ALL)
def upsampling():
    x = keras.Input([8, 8, 4], name="image")
    y = L.UpSampling2D(interpolation="bilinear")(L.Conv2D(4, 3, padding="same")(x))
    y = L.Cropping2D(1)(L.ZeroPadding2D(2)(L.UpSampling2D()(y)))
    return net(x, L.Conv2D(1, 1, activation="tanh")(y))


@model("f32", "f16", "dyn", "int8f")
def conv3d():
    x = keras.Input([8, 8, 8, 1], name="volume")
    y = L.Conv3D(4, 3, padding="same", activation="relu")(x)
    return net(x, L.Dense(3)(L.Flatten()(y)))


def recurrent(layer, **options):
    # The converter lowers an RNN's lists of steps only with a fixed batch.
    x = keras.Input([10, 6], 1, name="x")
    return net(x, L.Dense(3)(layer(8, **options)(x)))


@model("f32", "f16", "dyn")
def lstm():
    return recurrent(L.LSTM)


@model("f32", "dyn")
def lstm_sequences():
    return recurrent(L.LSTM, return_sequences=True)


@model(*ALL)
def lstm_unrolled():
    return recurrent(L.LSTM, unroll=True)


@model("f32", "int8")
def lstm_sequences_unrolled():
    return recurrent(L.LSTM, unroll=True, return_sequences=True)


@model("f32", "f16", "dyn")
def gru():
    return recurrent(L.GRU)


@model("f32", "dyn")
def gru_sequences():
    return recurrent(L.GRU, return_sequences=True)


@model("f32", "f16", "dyn", "int8f", "i16x8")
def gru_unrolled():
    return recurrent(L.GRU, unroll=True)


@model("f32", "int8f")
def gru_sequences_unrolled():
    return recurrent(L.GRU, unroll=True, return_sequences=True)


@model("f32", "dyn")
def rnn_any_length():
    x = keras.Input([None, 6], 1, name="x")
    return net(x, L.Dense(3)(L.SimpleRNN(8)(x)))


@model("f32", "dyn")
def bidirectional():
    x = keras.Input([10, 6], 1, name="x")
    return net(x, L.Dense(3)(L.Bidirectional(L.GRU(8))(x)))


@model("f32")
def conv_lstm():
    x = keras.Input([4, 8, 8, 1], 1, name="film")
    return net(x, L.ConvLSTM2D(2, 3, padding="same")(x))


@model("f32", "dyn")
def time_distributed():
    x = keras.Input([5, 12, 12, 1], name="film")
    y = L.TimeDistributed(L.Conv2D(4, 3, activation="relu"))(x)
    return net(x, L.Dense(2)(L.GlobalAveragePooling1D()(L.TimeDistributed(L.Flatten())(y))))


@model(*WEIGHTS)
def text_classifier():
    x = keras.Input([20], name="ids", dtype="int32")
    return net(x, L.Dense(2, "softmax")(L.GlobalAveragePooling1D()(L.Embedding(4, 16)(x))))


@model(*WEIGHTS)
def recommender():
    user, item = keras.Input([], name="user", dtype="int32"), keras.Input([], name="item", dtype="int32")
    users, items = L.Embedding(50, 8)(user), L.Embedding(80, 8)(item)
    return net([user, item], L.Dense(1, "sigmoid")(L.Concatenate()([users, items, L.Multiply()([users, items])])))


@model("f32", "dyn")
def masked_lstm():
    x = keras.Input([12], 1, name="ids", dtype="int32")
    return net(x, L.Dense(2)(L.LSTM(8)(L.Embedding(4, 8, mask_zero=True)(x))))


@model("f32", "f16", "dyn", "int8")
def crepe_tiny():
    """CREPE's architecture; with its weights where SERVING_KIT_CREPE_WEIGHTS names their file."""
    x = keras.Input([1024], name="input")
    y = L.Reshape([1024, 1], name="input-reshape")(x)
    layers = zip((128, 16, 16, 16, 32, 64), (512, 64, 64, 64, 64, 64), (4, 1, 1, 1, 1, 1))
    for i, (filters, width, stride) in enumerate(layers, 1):
        y = L.Conv1D(filters, width, stride, "same", activation="relu", name=f"conv{i}")(y)
        y = L.BatchNormalization(name=f"conv{i}-BN")(y)
        y = L.MaxPooling1D(name=f"conv{i}-maxpool")(y)
    crepe = net(x, L.Dense(360, "sigmoid", name="classifier")(L.Flatten(name="flatten")(y)))
    weights = os.environ.get("SERVING_KIT_CREPE_WEIGHTS")
    if weights:
        crepe.load_weights(weights, by_name=True)
    return crepe


@model("f32")
def mobilenet():
    """MobileNetV2 at its usual size, of which the bench measures memory."""
    return keras.applications.MobileNetV2((224, 224, 3), weights=None)

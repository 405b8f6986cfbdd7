"""Nets of Keras 2, whose LSTM the converter turns into one op instead of a loop."""

from registry import model


def nets():
    """Keras 2, loaded in the process that converts."""
    import tf_keras

    return tf_keras, tf_keras.layers


@model("f32", "f16", "dyn", "int8f", "int8")
def fused_lstm():
    keras, L = nets()
    x = keras.Input([10, 6], 1, name="x")
    return keras.Model(x, L.Dense(3)(L.LSTM(8)(x)))


@model("f32", "dyn", "int8")
def fused_lstm_sequences():
    keras, L = nets()
    x = keras.Input([10, 6], 1, name="x")
    y = L.LSTM(8, return_sequences=True)(x)
    return keras.Model(x, L.Dense(3)(L.Bidirectional(L.LSTM(4, return_sequences=True))(y)))


@model("f32", "dyn", "int8f", "int8")
def noise_suppression():
    """The structure of DTLN's first half: two LSTMs on one frame of a spectrum, and its mask."""
    keras, L = nets()
    x = keras.Input([1, 257], 1, name="magnitude")
    y = L.LSTM(128, return_sequences=True)(L.LSTM(128, return_sequences=True)(x))
    return keras.Model(x, L.Dense(257, "sigmoid")(y))

"""Exports the trained net as version 2: two signatures, with names of their own, and warm-up requests."""

import keras
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

model = keras.models.load_model("flowers.keras")
NAMES = tf.constant(["setosa", "versicolor", "virginica"])


class Flowers(tf.Module):
    def __init__(self):
        super().__init__()
        self.model = model

    @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32, name="features")])
    def scores(self, features):
        return {"scores": self.model(features)}

    @tf.function(input_signature=[tf.TensorSpec([None, 4], tf.float32, name="features")])
    def names(self, features):
        return {"name": tf.gather(NAMES, tf.argmax(self.model(features), axis=1))}


flowers = Flowers()
signatures = {"serving_default": flowers.scores, "names": flowers.names}
tf.saved_model.save(flowers, "models/flowers/2", signatures)

request = predict_pb2.PredictRequest()
request.model_spec.name = "flowers"
request.inputs["features"].CopyFrom(tf.make_tensor_proto([[0.0, 0.0, 0.0, 0.0]], tf.float32))
log = prediction_log_pb2.PredictionLog(predict_log=prediction_log_pb2.PredictLog(request=request))
tf.io.gfile.makedirs("models/flowers/2/assets.extra")
with tf.io.TFRecordWriter("models/flowers/2/assets.extra/tf_serving_warmup_requests") as file:
    file.write(log.SerializeToString())

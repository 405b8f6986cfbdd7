"""Calls a model over gRPC. Needs `tensorflow-serving-api`. python grpc_client.py localhost:8500 digits samples.json"""

import json
import sys

import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

target, model, file = sys.argv[1:]
with open(file) as samples:
    image = np.array([json.load(samples)[0]["image"]], np.float32)

request = predict_pb2.PredictRequest()
request.model_spec.name = model
request.inputs["image"].CopyFrom(tf.make_tensor_proto(image))
with grpc.insecure_channel(target) as channel:
    service = prediction_service_pb2_grpc.PredictionServiceStub(channel)
    answer = service.Predict(request, timeout=10)
print(tf.make_ndarray(answer.outputs["probabilities"]).argmax())

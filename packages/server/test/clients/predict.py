"""Calls a model server with the tensorflow-serving-api package, and prints what came back as JSON.

Usage: predict.py ADDRESS MODEL IMAGES.json, where IMAGES.json is a list of images. Each way to send
them gives one entry: as tensor_content, as typed values, and one value that stands for all.
"""

import json
import sys

import grpc
import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

address, model, path = sys.argv[1:]
with open(path) as file:
    images = np.array(json.load(file), dtype=np.float32)

channel = grpc.insecure_channel(address)
predictions = prediction_service_pb2_grpc.PredictionServiceStub(channel)
models = model_service_pb2_grpc.ModelServiceStub(channel)


def predict(image):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = model
    request.inputs["image"].CopyFrom(image)
    response = predictions.Predict(request, timeout=20)
    outputs = {name: tf.make_ndarray(tensor).tolist() for name, tensor in response.outputs.items()}
    return {"version": response.model_spec.version.value, "outputs": outputs}


def typed(values, shape):
    return tensor_pb2.TensorProto(
        dtype=tf.float32.as_datatype_enum,
        tensor_shape=tf.TensorShape(shape).as_proto(),
        float_val=values,
    )


metadata_request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
metadata_request.model_spec.name = model
metadata = predictions.GetModelMetadata(metadata_request, timeout=20)
signatures = get_model_metadata_pb2.SignatureDefMap()
metadata.metadata["signature_def"].Unpack(signatures)

status_request = get_model_status_pb2.GetModelStatusRequest()
status_request.model_spec.name = model
status = models.GetModelStatus(status_request, timeout=20)

try:
    predict(tf.make_tensor_proto(images[:, :3]))
    refused = None
except grpc.RpcError as error:
    refused = error.code().name

print(
    json.dumps(
        {
            "content": predict(tf.make_tensor_proto(images)),
            "typed": predict(typed(images.ravel(), images.shape)),
            "repeated": predict(typed([0.5], images.shape)),
            "constant": predict(tf.make_tensor_proto(np.full(images.shape, 0.5, np.float32))),
            "refused": refused,
            "inputs": list(signatures.signature_def["serving_default"].inputs),
            "state": status.model_version_status[0].state,
        }
    )
)

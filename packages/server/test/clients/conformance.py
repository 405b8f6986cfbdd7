"""Asks a model server over REST (requests) and gRPC (tensorflow-serving-api) for what TensorFlow computes here.

Usage: conformance.py REST_URL GRPC_ADDRESS MODELS_FOLDER SCRATCH_FOLDER

The server serves the SavedModels of MODELS_FOLDER/zoo by their names, MODELS_FOLDER/digits/savedmodel as
"digits", the .tflite of MODELS_FOLDER/digits as "digits-tflite", and SCRATCH_FOLDER/examples as "examples",
which is written here first. Nothing that is expected is typed in: the same SavedModels are loaded and run by
TensorFlow, in this process. Prints a JSON object of all cases: null, or what was wrong.
"""

import base64
import json
import os
import sys
import time
import traceback
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import grpc
import numpy as np
import requests
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
)

rest_url, grpc_address, models_folder, scratch_folder = sys.argv[1:]
MODELS = Path(models_folder)
EXAMPLES = Path(scratch_folder) / "examples"
SAMPLES = json.loads((MODELS / "digits" / "samples.json").read_text())
IMAGES = np.array([sample["image"] for sample in SAMPLES[:3]], np.float32)

http = requests.Session()
channel = grpc.insecure_channel(grpc_address)
predictions = prediction_service_pb2_grpc.PredictionServiceStub(channel)
models = model_service_pb2_grpc.ModelServiceStub(channel)
cases = {}
loaded = {}


def case(name):
    def add(function):
        assert name not in cases
        cases[name] = function
        return function

    return add


# --- what TensorFlow says ---


def folder_of(model):
    return {"digits": MODELS / "digits" / "savedmodel" / "1", "examples": EXAMPLES / "1"}.get(
        model, MODELS / "zoo" / model / "1"
    )


def expected(model, signature="serving_default", **inputs):
    if model not in loaded:
        loaded[model] = tf.saved_model.load(str(folder_of(model)), tags=["serve"])
    function = loaded[model].signatures[signature]
    specs = function.structured_input_signature[1]
    tensors = {name: tf.constant(value, specs[name].dtype) for name, value in inputs.items()}
    return {name: value.numpy() for name, value in function(**tensors).items()}


def meta_graph(model):
    return saved_model_pb2.SavedModel.FromString((folder_of(model) / "saved_model.pb").read_bytes()).meta_graphs[0]


def tflite(images):
    interpreter = tf.lite.Interpreter(str(MODELS / "digits" / "1" / "model.tflite"))
    runner = interpreter.get_signature_runner()
    rows = [runner(image=image[None]) for image in images]
    return {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}


def check(received, wanted, what=""):
    """Compares by value and shape: exactly, but for the last digits of floats that were computed."""
    if isinstance(wanted, dict):
        assert set(received) == set(wanted), f"outputs {sorted(received)}, expected {sorted(wanted)}"
        for name in wanted:
            check(received[name], wanted[name], name)
        return
    received = np.asarray(received)
    assert received.shape == wanted.shape, f"{what}: shape {received.shape}, expected {wanted.shape}"
    if wanted.dtype.kind in "fc":
        np.testing.assert_allclose(received.astype(wanted.dtype), wanted, rtol=1e-5, atol=1e-7, err_msg=what)
    else:
        np.testing.assert_array_equal(received, wanted, what)


# --- REST ---


def post(path, body, **headers):
    # Python writes NaN and Infinity as TensorFlow Serving reads them, and integers of any length.
    data = body if isinstance(body, (bytes, str)) else json.dumps(body)
    return http.post(f"{rest_url}/v1/models/{path}", data=data, headers=headers, timeout=30)


def answer_of(response):
    assert response.status_code == 200, f"{response.status_code} {response.text}"
    return json.loads(response.content)


def to_json(value, is_binary=False):
    if isinstance(value, (list, np.ndarray)) and np.shape(value) != ():
        return [to_json(item, is_binary) for item in value]
    if isinstance(value, bytes):
        return {"b64": base64.b64encode(value).decode()} if is_binary else value.decode()
    return value.item() if isinstance(value, (np.generic, np.ndarray)) else value


def from_json(value, wanted):
    """What JSON says of an output, as an array of its dtype: texts are its bytes in UTF-8."""

    def to_bytes(item):
        if isinstance(item, list):
            return [to_bytes(inner) for inner in item]
        return base64.b64decode(item["b64"]) if isinstance(item, dict) else item.encode()

    if wanted.dtype == object:
        return np.array(to_bytes(value), object).reshape(wanted.shape)
    return np.array(value, np.float64 if wanted.dtype.kind == "f" else wanted.dtype).reshape(
        wanted.shape if wanted.size == 0 else np.shape(value)
    )


def rest_columns(model, signature="serving_default", is_binary=False, **inputs):
    wanted = expected(model, signature, **inputs)
    body = {
        "signature_name": signature,
        "inputs": {name: to_json(value, is_binary) for name, value in inputs.items()},
    }
    outputs = answer_of(post(f"{model}:predict", body))["outputs"]
    if len(wanted) == 1:
        outputs = {next(iter(wanted)): outputs}
    check({name: from_json(outputs[name], value) for name, value in wanted.items()}, wanted)


def rest_rows(model, signature="serving_default", is_binary=False, **inputs):
    wanted = expected(model, signature, **inputs)
    columns = {name: to_json(value, is_binary) for name, value in inputs.items()}
    rows = [dict(zip(columns, row)) for row in zip(*columns.values())]
    instances = rows if len(columns) > 1 else next(iter(columns.values()))
    received = answer_of(post(f"{model}:predict", {"signature_name": signature, "instances": instances}))
    check_rows(received["predictions"], wanted)


def check_rows(rows, wanted):
    if len(wanted) == 1:
        rows = [{next(iter(wanted)): row} for row in rows]
    check({name: from_json([row[name] for row in rows], value) for name, value in wanted.items()}, wanted)


@case("REST: rows of one input")
def _():
    rest_rows("digits", image=IMAGES)


@case("REST: columns of one input")
def _():
    rest_columns("digits", image=IMAGES)


@case("REST: rows and columns of several inputs and outputs")
def _():
    inputs = {"a": np.float32([1, 2, 0.1]), "b": np.float32([4, 0.5, 3])}
    rest_rows("arithmetic", **inputs)
    rest_columns("arithmetic", **inputs)


@case("REST: NaN and Infinity, in and out")
def _():
    rest_columns("arithmetic", a=np.float32([0, 1, -1]), b=np.float32([0, 0, 0]))
    rest_rows("arithmetic", a=np.float32([np.nan, np.inf, -np.inf]), b=np.float32([1, 2, 0]))


@case("REST: int64 and uint64 beyond 2^53")
def _():
    rest_columns("dtypes", "int64", x=np.int64([2**53 + 1, -(2**62) - 3, 2**63 - 2]))
    rest_rows("dtypes", "uint64", x=np.uint64([2**53 + 1, 2**64 - 2]))


@case("REST: every dtype that has a form in JSON")
def _():
    for dtype in ("float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint32", "uint64"):
        rest_columns("dtypes", dtype, x=np.array([0, 1, 3, 100], dtype))
    rest_columns("dtypes", "bool", x=np.array([True, False]))
    rest_columns("dtypes", "string", x=np.array([b"a", b"", "grüße 😀".encode()], object))


@case("REST: floats of every size come back as they are")
def _():
    random = np.random.default_rng(7)
    floats = random.integers(0, 2**32, 2_000, np.uint32).view(np.float32)
    rest_columns("shapes", x=floats[np.isfinite(floats)])
    doubles = random.integers(0, 2**64, 2_000, np.uint64).view(np.float64)
    rest_columns("dtypes", "float64", x=doubles[np.isfinite(doubles)])


@case("REST: integers of any size are numbers for floats")
def _():
    integers = [2**24 + 1, -(2**53) - 1, 2**64 - 1, 10**30]
    for dtype in ("float32", "float64"):
        wanted = expected("dtypes", dtype, x=np.array(integers, np.float64).astype(dtype))
        received = answer_of(post("dtypes:predict", {"signature_name": dtype, "inputs": integers}))["outputs"]
        check(np.array(received, np.float64).astype(dtype), next(iter(wanted.values())))


@case("REST: a dtype that has no form in JSON is refused")
def _():
    for dtype in ("complex64", "uint16", "qint8", "int4"):
        row = post("dtypes:predict", {"signature_name": dtype, "instances": [1]})
        assert row.status_code == 400 and "UNIMPLEMENTED" in row.json()["error"], (dtype, row.text)
        column = post("dtypes:predict", {"signature_name": dtype, "inputs": [1]})
        assert column.status_code == 501 and column.json()["error"], (dtype, column.text)


@case("REST: base64, and texts as they are")
def _():
    words = np.array([b"gamma", b"delta", b""], object)
    for is_binary in (False, True):
        rest_rows("table", is_binary=is_binary, word=words)
        rest_columns("table", is_binary=is_binary, word=words)
    for is_binary in (False, True):
        rest_columns("strings", is_binary=is_binary, text=np.array([b"serving", b'a"\\\n'], object))


@case("REST: JPEG bytes")
def _():
    pictures = [(MODELS / "zoo" / f"{name}.jpg").read_bytes() for name in ("gradient", "checkers")]
    rest_rows("jpeg", is_binary=True, image_bytes=np.array(pictures, object))


@case("REST: any shape, empty ones too")
def _():
    for shape in ([], [0], [2, 3], [1, 2, 1, 2, 1, 2, 2, 1], [2, 0]):
        rest_columns("shapes", x=np.arange(np.prod(shape), dtype=np.float32).reshape(shape))


OTHER_SHAPES = ([], [1, 3], [2, 1, 2], [0, 2])


def elementwise(shape):
    """An input of another rank than the signature of "tf1" says, and what the graph computes of its elements."""
    x = np.arange(np.prod(shape), dtype=np.float32)
    return x.reshape(shape), expected("tf1", x=x)["y"].reshape(shape)


@case("REST: the runtime judges shapes, not the signature")
def _():
    for shape in OTHER_SHAPES:
        x, wanted = elementwise(shape)
        received = answer_of(post("tf1:predict", {"inputs": x.tolist()}))["outputs"]
        check(np.float32(received).reshape(shape), wanted)
    x, wanted = elementwise([3, 2])
    check(np.float32(answer_of(post("tf1:predict", {"instances": x.tolist()}))["predictions"]), wanted)
    refused = post("digits:predict", {"instances": [1.0, 2.0]})
    assert refused.status_code == 400 and "In[0] is not a matrix" in refused.json()["error"], refused.text


@case("REST: an input with a default may be left out")
def _():
    received = answer_of(post("arithmetic:predict", {"signature_name": "scaled", "inputs": {"a": [1, 2]}}))
    default = tf.make_ndarray(meta_graph("arithmetic").signature_def["scaled"].defaults["scale"])
    wanted = expected("arithmetic", "scaled", a=np.float32([1, 2]), scale=default)["scaled"]
    check(np.float32(received["outputs"]), wanted)


@case("REST: models of Keras 3, of TensorFlow 1 and of TensorFlow Lite")
def _():
    x = np.linspace(-1, 1, 8, dtype=np.float32).reshape(2, 4)
    rest_rows("keras3", **{next(iter(meta_graph("keras3").signature_def["serving_default"].inputs)): x})
    rest_columns("tf1", x=np.float32([0, 1, 5]))
    rest_rows("tf1", "words", word=np.array([b"two", b"three"], object))
    answer = answer_of(post("digits-tflite:predict", {"instances": IMAGES.tolist()}))
    check_rows(answer["predictions"], tflite(IMAGES))


FEATURES = [{"x": [1.5, -2.0], "name": "a"}, {"x": [0.25, 3.0]}, {"x": [0.0, 1e-3], "name": {"b64": "/w=="}}]
CONTEXT = {"shift": 0.5}


def serialized():
    """FEATURES and CONTEXT as TensorFlow's own tf.Example."""
    examples = []
    for features in FEATURES:
        example = tf.train.Example()
        feature = example.features.feature
        feature["x"].float_list.value.extend(features["x"])
        feature["shift"].float_list.value.append(CONTEXT["shift"])
        if "name" in features:
            name = features["name"]
            data = base64.b64decode(name["b64"]) if isinstance(name, dict) else name.encode()
            feature["name"].bytes_list.value.append(data)
        examples.append(example)
    return examples


def expected_of_examples(signature):
    data = np.array([example.SerializeToString() for example in serialized()], object)
    return expected("examples", signature, inputs=data)


@case("REST: classify")
def _():
    wanted = expected_of_examples("classify")
    body = {"signature_name": "classify", "context": CONTEXT, "examples": FEATURES}
    results = answer_of(post("examples:classify", body))["results"]
    check([[label.encode() for label, _ in row] for row in results], wanted["classes"])
    check(np.float32([[score for _, score in row] for row in results]), wanted["scores"])


@case("REST: regress")
def _():
    body = {"signature_name": "regress", "context": CONTEXT, "examples": FEATURES}
    results = answer_of(post("examples:regress", body))["results"]
    check(np.float32(results), expected_of_examples("regress")["outputs"][:, 0])


@case("REST: status")
def _():
    status = http.get(f"{rest_url}/v1/models/digits", timeout=30).json()
    (version,) = status["model_version_status"]
    assert version == {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    assert http.get(f"{rest_url}/v1/models/digits/versions/1", timeout=30).json() == status
    for path in ("none", "digits/versions/99"):
        response = http.get(f"{rest_url}/v1/models/{path}", timeout=30)
        assert response.status_code == 404 and response.json()["error"], response.text


@case("REST: metadata")
def _():
    for model in ("digits", "arithmetic", "dtypes", "shapes", "tf1", "examples"):
        received = http.get(f"{rest_url}/v1/models/{model}/metadata", timeout=30).json()
        assert received["model_spec"] == {"name": model, "signature_name": "", "version": "1"}
        signatures = received["metadata"]["signature_def"]["signature_def"]
        wanted = meta_graph(model).signature_def
        assert set(signatures) == set(wanted), (model, set(signatures) ^ set(wanted))
        for name, definition in wanted.items():
            assert signatures[name]["method_name"] == definition.method_name
            for side in ("inputs", "outputs"):
                infos = getattr(definition, side)
                assert set(signatures[name][side]) == set(infos)
                for key, info in infos.items():
                    found = signatures[name][side][key]
                    assert found["dtype"] == types_pb2.DataType.Name(info.dtype)
                    assert found["name"] == info.name
                    shape = found["tensor_shape"]
                    assert shape["unknown_rank"] == info.tensor_shape.unknown_rank
                    assert [int(d["size"]) for d in shape["dim"]] == [d.size for d in info.tensor_shape.dim]


@case("REST: gzip")
def _():
    import gzip

    body = gzip.compress(json.dumps({"instances": IMAGES.tolist()}).encode())
    answer_of(post("digits:predict", body, **{"Content-Encoding": "gzip"}))


@case("REST: what is wrong is 400 or 404 with an error, and the connection goes on")
def _():
    for path, body, status in (
        ("digits:predict", "{", 400),
        ("digits:predict", {"instances": [[1, 2, 3]]}, 400),
        ("digits:predict", {"instances": IMAGES.tolist(), "signature_name": "none"}, 400),
        ("none:predict", {"instances": [1]}, 404),
        ("digits/versions/99:predict", {"instances": [1]}, 404),
    ):
        response = post(path, body)
        assert response.status_code == status and response.json()["error"], (path, response.text)
    rest_rows("digits", image=IMAGES[:1])


# --- gRPC ---


def grpc_predict(model, signature, protos, only=(), **how):
    request = predict_pb2.PredictRequest(output_filter=only)
    request.model_spec.name = model
    request.model_spec.signature_name = signature
    for name, proto in protos.items():
        request.inputs[name].CopyFrom(proto)
    response = predictions.Predict(request, timeout=30, **how)
    assert response.model_spec.version.value == 1 and response.model_spec.name == model
    return {name: tf.make_ndarray(tensor) for name, tensor in response.outputs.items()}


def grpc_check(model, signature="serving_default", **inputs):
    wanted = expected(model, signature, **inputs)
    protos = {name: tf.make_tensor_proto(value) for name, value in inputs.items()}
    check(grpc_predict(model, signature, protos), wanted)


def typed(values, shape):
    """A TensorProto with its values in float_val: fewer than elements mean that the last one repeats."""
    return tensor_pb2.TensorProto(
        dtype=tf.float32.as_datatype_enum,
        tensor_shape=tf.TensorShape(shape).as_proto(),
        float_val=values,
    )


@case("gRPC: tensor_content")
def _():
    assert tf.make_tensor_proto(IMAGES).tensor_content
    grpc_check("digits", image=IMAGES)


@case("gRPC: typed values, all or the last one for the rest")
def _():
    wanted = expected("digits", image=IMAGES)
    check(grpc_predict("digits", "", {"image": typed(IMAGES.ravel(), IMAGES.shape)}), wanted)
    wanted = expected("digits", image=np.full_like(IMAGES, 0.5))
    check(grpc_predict("digits", "", {"image": typed([0.5], IMAGES.shape)}), wanted)


@case("gRPC: the runtime judges shapes, not the signature")
def _():
    for shape in OTHER_SHAPES:
        x, wanted = elementwise(shape)
        check(grpc_predict("tf1", "", {"x": tf.make_tensor_proto(x)}), {"y": wanted})
    try:
        grpc_predict("digits", "", {"image": tf.make_tensor_proto(np.float32([[1, 2, 3]]))})
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.INVALID_ARGUMENT, error
        assert "Matrix size-incompatible: In[0]: [1,3]" in error.details(), error
    else:
        raise AssertionError("a matrix of another width was answered")


@case("gRPC: compressed messages, and metadata of any bytes")
def _():
    wanted = expected("digits", image=IMAGES)
    protos = {"image": tf.make_tensor_proto(IMAGES)}
    metadata = [("x-any-bin", b"\xff\x00"), ("authorization", "Bearer " + "x" * 7_000)]
    for compression in (grpc.Compression.Gzip, grpc.Compression.Deflate):
        how = {"compression": compression, "metadata": metadata}
        check(grpc_predict("digits", "", protos, **how), wanted)


@case("gRPC: every dtype")
def _():
    for name in meta_graph("dtypes").signature_def:
        if name.startswith("__saved_model"):
            continue
        dtype = tf.as_dtype(name)
        if name.startswith("q") or dtype.is_quantized or "int4" in name:
            continue  # TensorFlow for Python cannot make a TensorProto of them
        values = [b"a", b"\xff\0", b""] if dtype == tf.string else [0, 1, 1]
        sample = tf.cast(tf.constant(values), dtype) if dtype != tf.string else tf.constant(values)
        wanted = loaded_output("dtypes", name, x=sample)
        check(grpc_predict("dtypes", name, {"x": tf.make_tensor_proto(sample.numpy(), dtype)}), wanted)


def loaded_output(model, signature, **tensors):
    if model not in loaded:
        loaded[model] = tf.saved_model.load(str(folder_of(model)), tags=["serve"])
    return {name: value.numpy() for name, value in loaded[model].signatures[signature](**tensors).items()}


@case("gRPC: strings of any bytes, JPEG, tables, shapes, several inputs")
def _():
    grpc_check("strings", text=np.array([b"", b"\xff\x00\xfe", b"x" * 1000], object))
    pictures = [(MODELS / "zoo" / f"{name}.jpg").read_bytes() for name in ("gradient", "checkers")]
    grpc_check("jpeg", image_bytes=np.array(pictures, object))
    grpc_check("table", word=np.array([b"beta", b"none"], object))
    for shape in ([], [0], [3, 0, 2], [2, 3]):
        grpc_check("shapes", x=np.arange(np.prod(shape), dtype=np.float32).reshape(shape))
    grpc_check("arithmetic", a=np.float32([0, 1, -1]), b=np.float32([0, 0, 0]))
    grpc_check("sequence", x=np.arange(10, dtype=np.float32).reshape(2, 5))
    check(grpc_predict("digits-tflite", "", {"image": tf.make_tensor_proto(IMAGES)}), tflite(IMAGES))


@case("gRPC: output_filter")
def _():
    protos = {name: tf.make_tensor_proto(np.float32([1, 2])) for name in ("a", "b")}
    wanted = expected("arithmetic", a=np.float32([1, 2]), b=np.float32([1, 2]))
    check(grpc_predict("arithmetic", "", protos, ["product"]), {"product": wanted["product"]})


def with_examples(request):
    request.model_spec.name = "examples"
    request.input.example_list.examples.extend(serialized())
    return request


@case("gRPC: Classify")
def _():
    request = with_examples(classification_pb2.ClassificationRequest())
    request.model_spec.signature_name = "classify"
    result = predictions.Classify(request, timeout=30).result
    wanted = expected_of_examples("classify")
    check([[c.label.encode() for c in row.classes] for row in result.classifications], wanted["classes"])
    check(np.float32([[c.score for c in row.classes] for row in result.classifications]), wanted["scores"])


@case("gRPC: Regress")
def _():
    request = with_examples(regression_pb2.RegressionRequest())
    request.model_spec.signature_name = "regress"
    result = predictions.Regress(request, timeout=30).result
    check(np.float32([r.value for r in result.regressions]), expected_of_examples("regress")["outputs"][:, 0])


@case("gRPC: MultiInference")
def _():
    request = inference_pb2.MultiInferenceRequest()
    request.input.example_list.examples.extend(serialized())
    for name in ("classify", "regress"):
        task = request.tasks.add(method_name=f"tensorflow/serving/{name}")
        task.model_spec.name = "examples"
        task.model_spec.signature_name = name
    classified, regressed = predictions.MultiInference(request, timeout=30).results
    rows = classified.classification_result.classifications
    check(np.float32([[c.score for c in row.classes] for row in rows]), expected_of_examples("classify")["scores"])
    values = [r.value for r in regressed.regression_result.regressions]
    check(np.float32(values), expected_of_examples("regress")["outputs"][:, 0])


@case("gRPC: GetModelMetadata")
def _():
    for model in ("digits", "arithmetic", "dtypes", "examples"):
        request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
        request.model_spec.name = model
        answer = predictions.GetModelMetadata(request, timeout=30)
        signatures = get_model_metadata_pb2.SignatureDefMap()
        answer.metadata["signature_def"].Unpack(signatures)
        definitions = meta_graph(model).signature_def
        assert set(signatures.signature_def) == set(definitions), (model, set(signatures.signature_def))
        for name, wanted in definitions.items():
            found = signatures.signature_def[name]
            assert found.method_name == wanted.method_name
            assert dict(found.inputs) == dict(wanted.inputs), (model, name)
            assert dict(found.outputs) == dict(wanted.outputs), (model, name)


@case("gRPC: GetModelStatus")
def _():
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = "digits"
    (status,) = models.GetModelStatus(request, timeout=30).model_version_status
    available = get_model_status_pb2.ModelVersionStatus.AVAILABLE
    assert (status.version, status.state, status.status.error_code) == (1, available, 0)


@case("gRPC: what is wrong has TensorFlow Serving's code")
def _():
    for model, signature, value, code in (
        ("digits", "", IMAGES[:, :3], "INVALID_ARGUMENT"),
        ("digits", "none", IMAGES, "FAILED_PRECONDITION"),
        ("none", "", IMAGES, "NOT_FOUND"),
    ):
        try:
            grpc_predict(model, signature, {"image": tf.make_tensor_proto(value)})
        except grpc.RpcError as error:
            assert error.code().name == code, (model, signature, error)
        else:
            raise AssertionError(f"{model} {signature} was not refused")


# --- the model that reads tf.Example ---


class Examples(tf.Module):
    """Labels and scores, or one number, of features x, name and shift."""

    def parse(self, inputs):
        floats = tf.io.FixedLenFeature([2], tf.float32)
        one = tf.io.FixedLenFeature([1], tf.float32, default_value=[0.0])
        name = tf.io.FixedLenFeature([], tf.string, default_value="nobody")
        return tf.io.parse_example(inputs, {"x": floats, "shift": one, "name": name})

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="inputs")])
    def classify(self, inputs):
        features = self.parse(inputs)
        lengths = tf.strings.as_string(tf.strings.length(features["name"]))
        classes = tf.stack([tf.strings.join(["length ", lengths]), tf.fill(tf.shape(lengths), "other")], 1)
        return {"classes": classes, "scores": tf.nn.softmax(features["x"] + features["shift"])}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="inputs")])
    def regress(self, inputs):
        features = self.parse(inputs)
        return {"outputs": tf.reduce_sum(features["x"], 1, keepdims=True) * 2.0 + features["shift"]}


def write_examples():
    """Exports the model, with the method names that TensorFlow 2 has no way to say."""
    module = Examples()
    beside = EXAMPLES.parent / "exported"
    signatures = {"classify": module.classify, "regress": module.regress}
    tf.saved_model.save(module, str(beside), signatures=signatures)
    file = beside / "saved_model.pb"
    model = saved_model_pb2.SavedModel.FromString(file.read_bytes())
    for name in signatures:
        model.meta_graphs[0].signature_def[name].method_name = f"tensorflow/serving/{name}"
    file.write_bytes(model.SerializeToString())
    EXAMPLES.mkdir(exist_ok=True)
    beside.rename(EXAMPLES / "1")


def wait_for(model):
    until = time.monotonic() + 30
    while time.monotonic() < until:
        response = http.get(f"{rest_url}/v1/models/{model}", timeout=30)
        if response.ok and response.json()["model_version_status"][0]["state"] == "AVAILABLE":
            return
        time.sleep(0.05)
    raise SystemExit(f"{model} does not become available: {response.text}")


write_examples()
wait_for("examples")
results = {}
for name, run in cases.items():
    try:
        run()
        results[name] = None
    except Exception:
        results[name] = "".join(traceback.format_exc(limit=-2))[-1_500:]
print(json.dumps(results))

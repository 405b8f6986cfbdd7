"""Writes small ONNX models of every form with the answers of ONNX Runtime: python make-models.py FOLDER.

Needs onnx and onnxruntime. Each model is NAME.onnx; NAME.expected.json has calls: inputs and outputs, each tensor with
its dtype, its shape and its elements in base64, or in a list of base64 for strings.
"""
import base64
import json
import os
import sys

import numpy as np
import onnx
import onnxruntime as ort
from onnx import TensorProto as T
from onnx import helper as h
from onnx import numpy_helper

FOLDER = sys.argv[1]
os.makedirs(FOLDER, exist_ok=True)
rng = np.random.default_rng(21)
F = T.FLOAT


def value(name, elem, shape):
    return h.make_tensor_value_info(name, elem, shape)


def constant(name, array):
    return numpy_helper.from_array(np.asarray(array), name)


def packed(array):
    array = np.asarray(array)
    if array.dtype == object or array.dtype.kind in "US":
        texts = [base64.b64encode(str(x).encode()).decode() for x in array.reshape(-1)]
        return {"dtype": "string", "shape": list(array.shape), "data": texts}
    data = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
    return {"dtype": str(array.dtype), "shape": list(array.shape), "data": data}


def write(name, nodes, inputs, outputs, initializers=(), calls=(), opset=17, domains=(), ir=8, external=False):
    graph = h.make_graph(list(nodes), name, list(inputs), list(outputs), list(initializers))
    sets = [h.make_opsetid("", opset), *(h.make_opsetid(domain, version) for domain, version in domains)]
    model = h.make_model(graph, opset_imports=sets, ir_version=ir, producer_name="make-models")
    path = os.path.join(FOLDER, name + ".onnx")
    if external:
        onnx.save(model, path, save_as_external_data=True, location=name + ".bin", size_threshold=0)
    else:
        onnx.save(model, path)
    if not calls:
        return
    session = ort.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    answered = []
    for call in calls:
        call = {key: np.asarray(array) for key, array in call.items()}
        answers = {}
        for output, answer in zip(names, session.run(None, call)):
            if isinstance(answer, list):  # a ZipMap: a list of maps
                answer = np.array([list(row.values()) for row in answer], np.float32)
            answers[output] = packed(answer)
        answered.append({"inputs": {key: packed(array) for key, array in call.items()}, "outputs": answers})
    with open(os.path.join(FOLDER, name + ".expected.json"), "w") as file:
        json.dump(answered, file)
        file.write("\n")
    print(name)


def floats(*shape):
    return rng.normal(size=shape).astype(np.float32)


dense = [h.make_node("MatMul", ["x", "w"], ["z"]), h.make_node("Tanh", ["z"], ["y"])]
weights = constant("w", floats(3, 2))
rows = [{"x": floats(n, 3)} for n in (1, 2, 3, 1, 2)]
write("dense", dense, [value("x", F, ["n", 3])], [value("y", F, ["n", 2])], [weights], rows)
write("external", dense, [value("x", F, ["n", 3])], [value("y", F, ["n", 2])], [weights], rows[:2], external=True)
write("fixed", dense, [value("x", F, [1, 3])], [value("y", F, [1, 2])], [weights], rows[:1])

kinds = {"float32": F, "float64": T.DOUBLE, "float16": T.FLOAT16, "int8": T.INT8, "uint8": T.UINT8, "int16": T.INT16,
         "uint16": T.UINT16, "int32": T.INT32, "uint32": T.UINT32, "int64": T.INT64, "uint64": T.UINT64, "bool": T.BOOL}
arrays = {name: np.array([[0, 1, 1], [1, 0, 1]]).astype(name) for name in kinds}
write("dtypes", [h.make_node("Identity", [name], [name + "_out"]) for name in kinds],
      [value(name, elem, ["n", 3]) for name, elem in kinds.items()],
      [value(name + "_out", elem, ["n", 3]) for name, elem in kinds.items()],
      calls=[arrays, {name: array[:1] for name, array in arrays.items()}])
write("bfloat16", [h.make_node("Identity", ["x"], ["y"])], [value("x", T.BFLOAT16, ["n", 3])],
      [value("y", T.BFLOAT16, ["n", 3])])
casts = {"x": (T.INT4, F), "u": (T.UINT4, F), "f": (F, T.INT4), "g": (F, T.UINT4)}
write("four-bits", [h.make_node("Cast", [name], [name + "_out"], to=to) for name, (_, to) in casts.items()],
      [value(name, elem, ["n", 3]) for name, (elem, _) in casts.items()],
      [value(name + "_out", to, ["n", 3]) for name, (_, to) in casts.items()], opset=21, ir=10)
write("custom-op", [h.make_node("MyOp", ["x"], ["y"], domain="my.domain")], [value("x", F, ["n"])],
      [value("y", F, ["n"])], domains=[("my.domain", 1)])

texts = np.array([["a", ""], ["ü€", "x\0y"], ["long " * 20, "z"]], dtype=object)
write("strings", [h.make_node("Concat", ["s", "s"], ["both"], axis=1), h.make_node("Identity", ["f"], ["g"])],
      [value("s", T.STRING, ["n", 2]), value("f", F, ["n"])],
      [value("both", T.STRING, ["n", 4]), value("g", F, ["n"])],
      calls=[{"s": texts, "f": floats(3)}, {"s": texts[:1], "f": floats(1)}, {"s": texts[:0], "f": floats(0)}])

write("scalar", [h.make_node("Add", ["x", "x"], ["y"])], [value("x", F, [])], [value("y", F, [])],
      calls=[{"x": np.float32(3)}, {"x": np.float32(-1)}])
anything = h.make_tensor_value_info("x", F, None)
write("any-rank", [h.make_node("Add", ["x", "x"], ["y"])], [anything], [h.make_tensor_value_info("y", F, None)],
      calls=[{"x": floats(2, 3)}, {"x": floats(4)}, {"x": np.float32(2)}])
write("data-dependent", [h.make_node("NonZero", ["x"], ["y"])], [value("x", F, ["n"])], [value("y", T.INT64, [1, "k"])],
      calls=[{"x": np.array([0, 1, 2, 0], np.float32)}, {"x": np.array([1, 1, 2, 0], np.float32)},
             {"x": np.array([0, 0, 0, 0], np.float32)}])
write("wrong-rank", [h.make_node("Unsqueeze", ["x", "axes"], ["y"])], [value("x", F, [2, 3])],
      [value("y", F, [2, 3])], [constant("axes", np.array([0]))])
write("pass-through", [h.make_node("Neg", ["x"], ["y"])], [value("x", F, ["n", 2])],
      [value("y", F, ["n", 2]), value("x", F, ["n", 2])], calls=[{"x": floats(2, 2)} for _ in range(3)])
write("default", [h.make_node("Mul", ["x", "scale"], ["y"])], [value("x", F, ["n", 2]), value("scale", F, [1])],
      [value("y", F, ["n", 2])], [constant("scale", np.array([2], np.float32))],
      [{"x": floats(1, 2)}, {"x": floats(1, 2), "scale": np.array([3], np.float32)}])
write("names", [h.make_node("Neg", ["__proto__"], ["constructor"]), h.make_node("Neg", ["a/b:0"], ["toString"])],
      [value("__proto__", F, ["n"]), value("a/b:0", F, ["n"])],
      [value("constructor", F, ["n"]), value("toString", F, ["n"])],
      calls=[{"__proto__": floats(2), "a/b:0": floats(2)}])

features = floats(4, 3)
for name, labels in {"zip-map": {"classlabels_int64s": [7, 8, 9]}, "zip-map-texts": {"classlabels_strings": ["a", "b", "ü"]}}.items():
    key = "classlabels_ints" if "classlabels_int64s" in labels else "classlabels_strings"
    classifier = h.make_node("LinearClassifier", ["x"], ["label", "scores"], domain="ai.onnx.ml", post_transform="SOFTMAX",
                             coefficients=[0.1 * i for i in range(9)], intercepts=[0.0, 0.1, 0.2], **{key: list(labels.values())[0]})
    zip_map = h.make_node("ZipMap", ["scores"], ["probabilities"], domain="ai.onnx.ml", **labels)
    kind = T.STRING if key == "classlabels_strings" else T.INT64
    maps = onnx.helper.make_sequence_type_proto(onnx.helper.make_map_type_proto(kind, h.make_tensor_type_proto(F, [])))
    write(name, [classifier, zip_map], [value("x", F, ["n", 3])],
          [value("label", kind, ["n"]), h.make_value_info("probabilities", maps)],
          calls=[{"x": features[:n]} for n in (1, 3, 4)], domains=[("ai.onnx.ml", 1)])
write("sequence", [h.make_node("SequenceConstruct", ["x", "x"], ["y"])], [value("x", F, ["n"])],
      [h.make_value_info("y", onnx.helper.make_sequence_type_proto(h.make_tensor_type_proto(F, ["n"])))])

# As many rounds as `rounds` says: a run that takes as long as a caller wants.
body = h.make_graph([h.make_node("Identity", ["condition"], ["again"]), h.make_node("Sin", ["state"], ["next"])], "body",
                    [value("i", T.INT64, []), value("condition", T.BOOL, []), value("state", F, ["n"])],
                    [value("again", T.BOOL, []), value("next", F, ["n"])])
write("loop", [h.make_node("Loop", ["rounds", "", "x"], ["y"], body=body)],
      [value("rounds", T.INT64, []), value("x", F, ["n"])], [value("y", F, ["n"])],
      calls=[{"rounds": np.int64(3), "x": floats(2)}, {"rounds": np.int64(0), "x": floats(3)}])

write("mean-of-batch", [h.make_node("ReduceMean", ["x"], ["m"], axes=[0], keepdims=1), h.make_node("Sub", ["x", "m"], ["y"])],
      [value("x", F, ["n", 2])], [value("y", F, ["n", 2])], calls=[{"x": floats(2, 2)}])
write("running-sum", [h.make_node("CumSum", ["x", "axis"], ["y"])], [value("x", F, ["n", 2])], [value("y", F, ["n", 2])],
      [constant("axis", np.array(0))], [{"x": floats(2, 2)}])
write("open-extents", [h.make_node("ReduceSum", ["x", "axes"], ["y"], keepdims=0)], [value("x", F, ["n", "time"])],
      [value("y", F, ["n"])], [constant("axes", np.array([1]))], [{"x": floats(2, 5)}, {"x": floats(1, 3)}])
write("gather", [h.make_node("Gather", ["table", "i"], ["y"])], [value("i", T.INT64, ["n"])], [value("y", F, ["n", 2])],
      [constant("table", floats(4, 2))], [{"i": np.array([3, 0])}])
write("images", [h.make_node("Conv", ["x", "k"], ["c"], pads=[1, 1, 1, 1]), h.make_node("Relu", ["c"], ["r"]),
                 h.make_node("GlobalAveragePool", ["r"], ["y"])],
      [value("x", F, ["n", 3, 96, 96])], [value("y", F, ["n", 4, 1, 1])], [constant("k", floats(4, 3, 3, 3))])
write("normalizer", [h.make_node("StringNormalizer", ["x"], ["y"], case_change_action="LOWER")],
      [value("x", T.STRING, ["n"])], [value("y", T.STRING, ["n"])])
write("upper", [h.make_node("StringUpper", ["x"], ["y"], domain="ai.onnx.contrib")], [value("x", T.STRING, ["n"])],
      [value("y", T.STRING, ["n"])], domains=[("ai.onnx.contrib", 1)])
write("wide", [h.make_node("Neg", ["x"], ["y"])], [value("x", F, ["n", 300_000])], [value("y", F, ["n", 300_000])])

"""Makes the models of the benchmarks: python make-models.py FOLDER WHEELS. Needs onnx, skl2onnx and scikit-learn.

WHEELS is where pip downloads magika, whose model is one of them.
"""
import glob
import os
import subprocess
import sys
import zipfile

import numpy as np
import onnx
from onnx import TensorProto as T
from onnx import helper as h
from onnx import numpy_helper
from skl2onnx import to_onnx
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier

folder, wheels = sys.argv[1:]
rng = np.random.default_rng(0)


def floats(*shape):
    return (rng.normal(size=shape) / np.sqrt(shape[-1])).astype(np.float32)


def save(name, nodes, inputs, outputs, weights):
    graph = h.make_graph(nodes, name, inputs, outputs, [numpy_helper.from_array(array, key) for key, array in weights.items()])
    model = h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, os.path.join(folder, name + ".onnx"))


def value(name, shape):
    return h.make_tensor_value_info(name, T.FLOAT, shape)


save("dense", [h.make_node("MatMul", ["x", "w"], ["y"])], [value("x", ["n", 16])], [value("y", ["n", 4])], {"w": floats(16, 4)})
save("large", [h.make_node("MatMul", ["x", "w"], ["y"])], [value("x", ["n", 4096])], [value("y", ["n", 4096])], {"w": floats(4096, 4096)})
nodes, weights, last, channels = [], {}, "x", 3
for i, width in enumerate([32, 64, 64, 64]):
    weights[f"k{i}"] = floats(width, channels, 3, 3)
    nodes += [h.make_node("Conv", [last, f"k{i}"], [f"c{i}"], strides=[2, 2] if i else [1, 1], pads=[1, 1, 1, 1]),
              h.make_node("Relu", [f"c{i}"], [f"r{i}"])]
    last, channels = f"r{i}", width
nodes.append(h.make_node("GlobalAveragePool", [last], ["y"]))
save("conv", nodes, [value("x", ["n", 3, 96, 96])], [value("y", ["n", 64, 1, 1])], weights)
iris = load_iris()
forest = RandomForestClassifier(n_estimators=20, max_depth=5, random_state=0).fit(iris.data.astype(np.float32), iris.target)
model = to_onnx(forest, iris.data[:1].astype(np.float32), options={"zipmap": False})
with open(os.path.join(folder, "forest.onnx"), "wb") as file:
    file.write(model.SerializeToString())

if not glob.glob(os.path.join(wheels, "*.whl")):
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", wheels, "magika==1.0.3"]
    subprocess.run(pip, check=False)
for wheel in glob.glob(os.path.join(wheels, "*.whl")):
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".onnx")]
        with open(os.path.join(folder, "magika.onnx"), "wb") as file:
            file.write(archive.read(name))

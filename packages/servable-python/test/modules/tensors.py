"""Models of tensors."""

import asyncio
import ctypes
import threading
import time

import numpy as np


class Model:
    """Two signatures, batchable; what it does can be seen by the inputs."""

    batchable = True
    signatures = {
        "serving_default": {
            "inputs": {"x": ("float32", [-1, 3])},
            "outputs": {"sum": (np.float32, [None]), "double": {"dtype": "float32", "shape": [-1, 3]}},
        },
        "greet": {"inputs": {"name": (str, [-1])}, "outputs": {"greeting": ("string", [-1])}},
    }

    def __init__(self, path, config):
        self.loaded = None

    def load(self, path):
        self.loaded = path

    def predict(self, inputs, signature):
        if signature == "greet":
            return {"greeting": [b"hello " + name for name in inputs["name"]]}
        x = inputs["x"]
        if x.size and x[0, 0] == 1000:
            time.sleep(0.3)
        if x.size and (x == 666).any():
            ctypes.string_at(0)
        return {"sum": x.sum(axis=1), "double": 2 * x}


class Echo:
    """All dtypes, as they are."""

    names = [
        *("float16", "float32", "float64", "complex64", "complex128", "bool", "string"),
        *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    ]
    signatures = {name: {"inputs": {"x": (name, None)}, "outputs": {"x": (name, None)}} for name in names}

    def predict(self, inputs):
        return inputs


class Facts:
    """What numpy sees of its input."""

    signatures = {
        "inputs": {"a": ("float32", [-1]), "b": ("float64", [-1])},
        "outputs": {"facts": ("int64", [-1])},
    }

    def predict(self, inputs):
        facts = []
        for name in ("a", "b"):
            array = inputs[name]
            address = array.__array_interface__["data"][0]
            facts += [address % 64, int(array.base is not None), int(array.flags.aligned)]
        return {"facts": np.array(facts)}


class Keeper:
    """It keeps all its inputs, and returns the first element of each."""

    signatures = {"inputs": {"x": ("float32", [-1])}, "outputs": {"firsts": ("float32", [-1])}}

    def __init__(self):
        self.kept = []

    def predict(self, inputs):
        self.kept.append(inputs["x"][::2])
        return {"firsts": np.array([x[0] for x in self.kept])}


class Casts:
    """What models return in practice."""

    signatures = {"inputs": {"kind": ("string", [])}, "outputs": {"y": ("float32", [-1])}}

    def predict(self, inputs):
        kind = inputs["kind"].item().decode()
        return {
            "float64": {"y": np.array([1.5, 2.5])},
            "list": {"y": [1, 2]},
            "view": {"y": np.arange(6, dtype=np.float32)[::2]},
            "big-endian": {"y": np.array([1, 2], ">f4")},
            "text": {"y": np.array(["a"])},
            "complex": {"y": np.array([1j])},
            "rank": {"y": np.zeros((2, 2), np.float32)},
            "missing": {},
            "extra": {"y": np.zeros(1, np.float32), "z": 1},
            "array": np.zeros(1, np.float32),
        }[kind]


class Coroutine:
    """`async` all over: calls meet in one event loop."""

    signatures = {"inputs": {"x": ("float32", [-1])}, "outputs": {"x": ("float32", [-1])}}

    async def load(self, path):
        await asyncio.sleep(0)
        self.meeting = asyncio.Barrier(2) if hasattr(asyncio, "Barrier") else None

    async def predict(self, inputs):
        if self.meeting is not None and inputs["x"][0] == 2:
            await self.meeting.wait()
        return inputs

    async def close(self):
        print("closed by a coroutine")


async def opens_later(path, config):
    await asyncio.sleep(0)
    return Coroutine()


class Threads:
    """Two calls that wait for each other."""

    signatures = {"inputs": {"x": ("float32", [-1])}, "outputs": {"x": ("float32", [-1])}}

    def __init__(self):
        self.meeting = threading.Barrier(2)

    def predict(self, inputs):
        self.meeting.wait()
        return inputs


class NoSignatures:
    def predict(self, inputs):
        return inputs


class BadDtype:
    signatures = {"inputs": {"x": ("float31", [1])}, "outputs": {}}

    def predict(self, inputs):
        return inputs

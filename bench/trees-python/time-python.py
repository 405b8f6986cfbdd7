"""Measures the libraries on request, one thread: reads lines `WHAT COUNT`, answers the CPU time of a call in ns."""
import ctypes
import json
import sys
import time

import lightgbm
import numpy as np
import xgboost
from xgboost.core import _LIB

folder = sys.argv[1]
x = np.fromfile(folder + "/rows.f32", np.float32).reshape(-1, 30)
booster = xgboost.Booster(model_file=folder + "/d6.ubj")
booster.set_param({"nthread": 1})
light = lightgbm.Booster(model_file=folder + "/lightgbm.txt")
matrices = [xgboost.DMatrix(row[None]) for row in x]

config = json.dumps({"type": 0, "training": False, "iteration_begin": 0, "iteration_end": 0,
                     "strict_shape": False, "missing": float("nan"), "cache_id": 0}).encode()
config = config.replace(b"NaN", b"NaN")
shape, dim, out = ctypes.POINTER(ctypes.c_uint64)(), ctypes.c_uint64(), ctypes.POINTER(ctypes.c_float)()


def interface(rows):
    facts = {"data": [rows.ctypes.data, True], "shape": list(rows.shape), "typestr": "<f4", "version": 3}
    return json.dumps(facts).encode()


singles = [interface(row[None]) for row in x]
batches = [interface(x[start:start + 64]) for start in range(0, 448)]


def c_call(arrays, i):
    _LIB.XGBoosterPredictFromDense(booster.handle, arrays[i % len(arrays)], config, None,
                                   ctypes.byref(shape), ctypes.byref(dim), ctypes.byref(out))


CALLS = {
    "c1": lambda i: c_call(singles, i),
    "c64": lambda i: c_call(batches, i),
    "inplace1": lambda i: booster.inplace_predict(x[i % 512][None]),
    "contribs1": lambda i: booster.predict(matrices[i % 512], pred_contribs=True),
    "lightgbm1": lambda i: light.predict(x[i % 512][None], num_threads=1),
}
for line in sys.stdin:
    what, count = line.split()
    call = CALLS[what]
    start = time.process_time()
    for i in range(int(count)):
        call(i)
    print((time.process_time() - start) / int(count) * 1e9, flush=True)

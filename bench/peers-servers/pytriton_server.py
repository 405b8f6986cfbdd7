"""The ONNX model behind Triton, by pytriton. Arguments: the model, the port of HTTP."""
import sys

import numpy as np
import onnxruntime
from pytriton.decorators import batch
from pytriton.model_config import ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig

path, port = sys.argv[1:]
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(path, options)


@batch
def infer(image):
    [probabilities] = session.run(None, {"image": image})
    return {"probabilities": probabilities}


config = TritonConfig(
    http_port=int(port), grpc_port=int(port) + 1, metrics_port=int(port) + 2, log_verbose=0
)
with Triton(config=config) as triton:
    triton.bind(
        model_name="digits",
        infer_func=infer,
        inputs=[Tensor(name="image", dtype=np.float32, shape=(8, 8, 1))],
        outputs=[Tensor(name="probabilities", dtype=np.float32, shape=(10,))],
        config=ModelConfig(max_batch_size=64),
    )
    triton.serve()

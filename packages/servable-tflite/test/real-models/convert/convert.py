"""Converts the models of this folder to .tflite files with TensorFlow 2.21.

    python convert.py FOLDER [NAME …]    writes FOLDER/NAME.tflite for each model, or for the named ones
    python convert.py --list             prints the names

Each file is converted in a process of its own, forked before TensorFlow has made anything: names,
counters and random weights do not depend on what was converted before, so that the same TensorFlow
on the same kind of processor writes the same bytes. A file that exists is not converted again.
"""

import os
import sys
import tempfile
import traceback

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="", TF_ENABLE_ONEDNN_OPTS="0")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import tensorflow as tf

import keras2  # noqa: F401, registers its models as the others do
import nets  # noqa: F401
import patched  # noqa: F401
from functions import Signatures, Tf1
from registry import MODELS

SAMPLES = 8
lite = tf.lite


def numbers(shape, dtype, rng):
    """Random values of a dtype: floats in [0, 1), integers in [0, 4), words for strings."""
    if dtype == tf.string:
        return tf.constant(rng.choice(["hello", "movie", "a", "", "u3"], shape))
    if dtype.is_floating:
        return tf.constant(rng.uniform(0, 1, shape), dtype)
    return tf.constant(rng.integers(0, 4, shape), dtype)


def samples(specs, size):
    """A representative data set for inputs by name; `size` replaces an unknown extent, but the batch."""
    def generate():
        rng = np.random.default_rng(1)
        for _ in range(SAMPLES):
            yield {
                name: numbers([n or (size if i else 1) for i, n in enumerate(spec.shape)], spec.dtype, rng)
                for name, spec in specs.items()
            }

    return generate


def quantize(converter, quantization, data):
    """Sets a converter to one of the quantizations of the list."""
    if quantization == "f32":
        return
    converter.optimizations = [lite.Optimize.DEFAULT]
    if quantization == "f16":
        converter.target_spec.supported_types = [tf.float16]
    if quantization in ("int8f", "int8", "uint8", "int8t"):
        converter.representative_dataset = data
    if quantization in ("int8", "uint8", "int8t"):
        converter.target_spec.supported_ops = [lite.OpsSet.TFLITE_BUILTINS_INT8]
        dtype = tf.uint8 if quantization == "uint8" else tf.int8
        converter.inference_input_type = converter.inference_output_type = dtype
    if quantization == "int8t":  # one scale for a tensor of weights, as before per-channel kernels
        converter._experimental_disable_per_channel = True
    if quantization == "i16x8":
        converter.representative_dataset = data
        converter.target_spec.supported_ops = [
            lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
        ]


def signatures_of(net):
    """A Keras model as one signature with the names of its inputs and outputs."""
    module = tf.Module()
    # Keras 3 wraps its variables, and a tf.Module finds only the ones of TensorFlow.
    module.weights = [v if isinstance(v, tf.Variable) else v.value for v in net.variables]
    specs = [tf.TensorSpec(x.shape, x.dtype, x.name.split("/")[0]) for x in net.inputs]

    def serve(*inputs):
        outputs = net(list(inputs) if len(inputs) > 1 else inputs[0], training=False)
        return outputs if isinstance(outputs, dict) else {"output": outputs}

    return Signatures(module, {"serving_default": tf.function(serve, input_signature=specs)})


def converter_of(built, folder):
    """The converter of what a builder returned, and the inputs of its first signature by name."""
    if isinstance(built, Tf1):
        specs = {x.op.name: tf.TensorSpec(x.shape, x.dtype) for x in built.inputs}
        converter = tf.compat.v1.lite.TFLiteConverter.from_session(built.session, built.inputs, built.outputs)
        return converter, specs
    signatures = built if isinstance(built, Signatures) else signatures_of(built)
    concrete = {key: function.get_concrete_function() for key, function in signatures.functions.items()}
    tf.saved_model.save(signatures.module, folder, concrete)
    converter = lite.TFLiteConverter.from_saved_model(folder, signature_keys=list(concrete))
    inputs = next(iter(concrete.values())).structured_input_signature
    return converter, {spec.name: spec for spec in tf.nest.flatten(inputs)}


def convert(model, quantization, folder):
    """The bytes of the .tflite file of a model."""
    converter, specs = converter_of(model.build(), os.path.join(folder, "saved_model"))
    quantize(converter, quantization, samples(specs, model.size))
    content = converter.convert()
    return model.patch(content) if model.patch else content


def write(name, model, quantization, path):
    """Converts in this process, which then ends."""
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    tf.keras.utils.set_random_seed(1)
    with tempfile.TemporaryDirectory() as folder:
        content = convert(model, quantization, folder)
    with open(f"{path}.partial", "wb") as file:
        file.write(content)
    os.replace(f"{path}.partial", path)


def main(folder, wanted):
    files = {f"{m.name}_{q}" if q else m.name: (m, q) for m in MODELS for q in m.quantizations}
    if folder == "--list":
        print("\n".join(files))
        return 0
    unknown = [name for name in wanted if name not in files]
    if unknown:
        raise SystemExit(f"no model {', '.join(unknown)}; see --list")
    failed = 0
    for name in wanted or files:
        path = os.path.join(folder, f"{name}.tflite")
        if os.path.exists(path):
            continue
        child = os.fork()
        if child == 0:
            log = os.open(f"{path}.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(log, 1)
            os.dup2(log, 2)
            try:
                write(name, *files[name], path)
                os._exit(0)
            except BaseException:
                traceback.print_exc()
                os._exit(1)
        _, status = os.waitpid(child, 0)
        if status == 0:
            os.remove(f"{path}.log")
        else:
            failed += 1
        print(f"{name}: {'converted' if status == 0 else f'failed, see {path}.log'}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    os.makedirs(sys.argv[1], exist_ok=True) if sys.argv[1] != "--list" else None
    sys.exit(main(sys.argv[1], sys.argv[2:]))

"""A model that is a function from a dict of arrays to a dict of arrays."""

import inspect
import struct
from math import prod

from .calls import OutputError
from .coroutines import run
from .frames import encode, offsets
from .signatures import read_signatures


# How many headers of answers are remembered for a header of calls.
_MAX_TEXTS = 16


class TensorModel:
    def __init__(self, model, signatures, numpy):
        self._np = numpy
        self._model = model
        self._dtypes = _dtypes(numpy)
        self.signatures = read_signatures(signatures, numpy)
        self._batchable = bool(getattr(model, "batchable", False))
        self._takes_signature = _takes_two(model.predict)

    def description(self):
        return {
            "takes": "tensors",
            "signatures": self.signatures,
            "batchable": self._batchable,
            "numpy": self._np.__version__,
        }

    def use(self, frames):
        frames.use_numpy(self._np)

    def answer(self, header, body):
        plan = header.plan
        if plan is None:
            plan = header.plan = _Plan(header, self.signatures)
        inputs = {tensor[0]: self._array(tensor, body) for tensor in plan.inputs}
        arguments = (inputs, plan.signature) if self._takes_signature else (inputs,)
        outputs = run(self._model.predict(*arguments))
        specs = plan.specs
        _check_names(outputs, specs)
        arrays = [self._checked(name, outputs[name], specs[name]) for name in plan.wanted]
        parts = [self._part(array) for array in arrays]
        return plan.text([array.shape for array in arrays], [len(part) for part in parts]), parts

    def close(self):
        close = getattr(self._model, "close", None)
        if callable(close):
            run(close())

    def _array(self, tensor, body):
        _name, dtype, shape, offset, size, count = tensor
        if dtype == "string":
            return self._strings(body[offset : offset + size], count).reshape(shape)
        if count == 0:
            return self._np.empty(shape, self._dtypes[dtype])
        return self._np.frombuffer(body, self._dtypes[dtype], count, offset).reshape(shape)

    def _strings(self, part, count):
        array = self._np.empty(count, object)
        start = 4 * count
        for i, length in enumerate(struct.unpack_from(f"<{count}I", part)):
            array[i] = bytes(part[start : start + length])
            start += length
        return array

    def _checked(self, name, value, spec):
        dtype = spec["dtype"]
        array = self._np.asarray(value)
        if dtype == "string":
            if array.dtype.kind not in "OUS":
                raise OutputError(f'output "{name}" must be strings; got {array.dtype}')
        else:
            array = self._cast(name, array, self._dtypes[dtype])
        shape = spec["shape"]
        if shape is not None and not _fits(shape, array.shape):
            raise OutputError(
                f'output "{name}" must have shape {shape} (-1 is any); got {list(array.shape)}'
            )
        return array

    def _cast(self, name, array, dtype):
        if array.dtype == dtype:
            return self._np.ascontiguousarray(array).reshape(array.shape)
        if array.dtype.kind in "OUSV" or not self._np.can_cast(array.dtype, dtype, "same_kind"):
            raise OutputError(
                f'output "{name}" must be {dtype}; got {array.dtype}. Return array.astype("{dtype}")'
            )
        return array.astype(dtype)

    def _part(self, array):
        if array.dtype.kind in "OUS":
            return _packed(array.reshape(-1))
        return memoryview(array.reshape(-1).view(self._np.uint8)) if array.size else b""


class _Plan:
    """What calls with the same header have in common."""

    def __init__(self, header, signatures):
        self.signature = header["signature"]
        self.specs = signatures[self.signature]["outputs"]
        self.wanted = header.get("outputs") or list(self.specs)
        # Each with its number of elements.
        self.inputs = [(*tensor, prod(tensor[2])) for tensor in header["tensors"]]
        self._texts = {}

    def text(self, shapes, sizes):
        """The header of an answer with outputs of these shapes and sizes in bytes."""
        key = (*shapes, *sizes)
        text = self._texts.get(key)
        if text is None:
            if len(self._texts) == _MAX_TEXTS:
                self._texts.clear()
            text = self._texts[key] = self._encoded(shapes, sizes)
        return text

    def _encoded(self, shapes, sizes):
        tensors = [
            [name, self.specs[name]["dtype"], shape, place, size]
            for name, shape, place, size in zip(self.wanted, shapes, offsets(sizes), sizes)
        ]
        return encode({"kind": "answer", "tensors": tensors})


def _dtypes(numpy):
    names = (
        *("float16", "float32", "float64", "complex64", "complex128"),
        *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    )
    dtypes = {name: numpy.dtype(name) for name in names}
    dtypes["bool"] = numpy.dtype(numpy.bool_)
    try:
        import ml_dtypes

        dtypes["bfloat16"] = numpy.dtype(ml_dtypes.bfloat16)
    except ImportError:
        pass  # read_signatures says that it is needed
    return dtypes


def _packed(array):
    """Lengths, then bytes."""
    strings = [one if isinstance(one, bytes) else str(one).encode() for one in array]
    return b"".join((struct.pack(f"<{len(strings)}I", *map(len, strings)), *strings))


def _check_names(outputs, specs):
    if not isinstance(outputs, dict):
        raise OutputError(f"predict must return a dict of arrays; got {type(outputs).__name__}")
    if outputs.keys() != specs.keys():
        raise OutputError(
            f"predict must return the outputs {', '.join(specs)}; got {', '.join(map(str, outputs))}"
        )


def _fits(expected, shape):
    return len(expected) == len(shape) and all(
        one in (-1, other) for one, other in zip(expected, shape)
    )


def _takes_two(predict):
    try:
        parameters = inspect.signature(predict).parameters.values()
    except (TypeError, ValueError):
        return False
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(one.kind in kinds for one in parameters) >= 2

"""Reads `signatures` of a model.

One signature, which is `serving_default`:

    signatures = {
        "inputs": {"x": ("float32", [-1, 4])},
        "outputs": {"y": ("float32", [-1])},
    }

or several by their names. A tensor is (dtype, shape), or {"dtype": …, "shape": …}. The dtype is a name, a numpy dtype
or its class; -1 and None are any extent; without a shape, any rank will do.
"""

from .loading import Unfit

_DTYPES = {
    *("float16", "bfloat16", "float32", "float64", "complex64", "complex128", "bool", "string"),
    *("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
}
_STRINGS = {"str", "bytes", "object", "str_", "bytes_"}


def read_signatures(signatures, numpy):
    if not isinstance(signatures, dict) or not signatures:
        raise Unfit(f"signatures must be a dict with inputs and outputs; got {signatures!r}"[:500])
    is_one = "inputs" in signatures and "outputs" in signatures
    named = {"serving_default": signatures} if is_one else signatures
    return {name: _signature(name, one, numpy) for name, one in named.items()}


def _signature(name, signature, numpy):
    if not isinstance(signature, dict) or not {"inputs", "outputs"} <= signature.keys():
        raise Unfit(f'signature "{name}" must be a dict with inputs and outputs')
    return {
        side: {key: _spec(f'{side} "{key}"', one, numpy) for key, one in signature[side].items()}
        for side in ("inputs", "outputs")
    }


def _spec(where, spec, numpy):
    if isinstance(spec, dict):
        dtype, shape = spec.get("dtype"), spec.get("shape")
    elif isinstance(spec, (tuple, list)) and len(spec) == 2:
        dtype, shape = spec
    else:
        raise Unfit(f'{where} must be (dtype, shape), such as ("float32", [-1, 4]); got {spec!r}')
    return {"dtype": _dtype(where, dtype, numpy), "shape": _shape(where, shape)}


def _dtype(where, dtype, numpy):
    name = dtype if isinstance(dtype, str) else getattr(dtype, "__name__", None)
    if name in _STRINGS:
        return "string"
    if name not in _DTYPES:
        try:
            name = numpy.dtype(dtype).name
        except TypeError:
            name = repr(dtype)
    if name == "bfloat16":
        try:
            import ml_dtypes  # noqa: F401
        except ImportError as error:
            raise ImportError(f"{where} is bfloat16. Run: pip install ml_dtypes") from error
    if name not in _DTYPES:
        raise Unfit(f"{where} must have a dtype such as float32; got {name}")
    return name


def _shape(where, shape):
    if shape is None:
        return None
    extents = [-1 if one is None else one for one in shape]
    if all(isinstance(one, int) and not isinstance(one, bool) and one >= -1 for one in extents):
        return extents
    raise Unfit(f"{where} must have a shape of integers from -1 or None; got {shape!r}")

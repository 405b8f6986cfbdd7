"""Loads the module of a model, and tells the two conventions apart.

- Bodies: a function (path, config) that returns a callable from the bytes of a request to the bytes of an answer.
- Tensors: a class, or a function, that returns an object with `predict(inputs)`, from a dict of arrays to a dict of
  arrays, and `signatures`. Optional: `load(path)`, `close()`, `batchable`. Any of them may be `async`.
"""

import importlib.util
import inspect
import os
import sys

from .coroutines import run

# Names that are looked for if the configuration names none.
_EXPORTS = ("Model", "load_servable")


class Unfit(Exception):
    """What the module exports is not a model."""


def load(task):
    module = _import(task["module"], task["pythonPath"])
    factory, name = _export(module, task)
    path, config = task["path"], task["config"]
    model = run(factory(*_fitting(factory, (path, config))))
    if callable(getattr(model, "predict", None)):
        return _tensor_model(model, path, name)
    if callable(model):
        from .bodies import BodyModel

        return BodyModel(model)
    raise Unfit(
        f"{name} must return an object with predict(inputs), or a callable from bytes to bytes; "
        f"got {type(model).__name__}"
    )


def _import(path, more):
    """Imports a file as a module of its own name, with its folder on sys.path for its neighbours."""
    sys.path[:0] = [os.path.dirname(path), *more]
    name = os.path.splitext(os.path.basename(path))[0]
    if name in sys.modules or not name.isidentifier():
        name = f"serving_kit_model_{abs(hash(path))}"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _export(module, task):
    names = [task["export"]] if task["export"] else _EXPORTS
    for name in names:
        found = getattr(module, name, None)
        if callable(found):
            return found, name
    known = ", ".join(name for name in vars(module) if not name.startswith("_")) or "nothing"
    raise Unfit(f"expected a class or function {' or '.join(names)}; the module has {known}"[:500])


def _tensor_model(model, path, name):
    load = getattr(model, "load", None)
    if callable(load):
        run(load(*_fitting(load, (path,))))
    signatures = getattr(model, "signatures", None)
    if signatures is None:
        raise Unfit(f"{name} must have signatures; got none")
    try:
        import numpy
    except ModuleNotFoundError as error:
        raise ImportError("a model with tensors needs numpy. Run: pip install numpy") from error
    from .tensors import TensorModel

    return TensorModel(model, signatures, numpy)


def _fitting(function, arguments):
    """As many of the arguments as the function takes."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return arguments
    if any(one.kind is one.VAR_POSITIONAL for one in parameters):
        return arguments
    positional = [
        one for one in parameters if one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD)
    ]
    return arguments[: len(positional)]

"""`tensorflow.lite.Interpreter` where TensorFlow is not installed, and a package with the interpreter alone is.

Modules that run .tflite models import TensorFlow for this one class.
"""

import importlib.machinery
import importlib.util
import logging
import sys
import types

_PACKAGES = (
    ("ai_edge_litert", "ai_edge_litert.interpreter"),
    ("tflite_runtime", "tflite_runtime.interpreter"),
)


class _StandIn:
    """Finds `tensorflow` and `tensorflow.lite` after all other finders did not."""

    def find_spec(self, name, path=None, target=None):
        if name not in ("tensorflow", "tensorflow.lite") or _package() is None:
            return None
        is_package = name == "tensorflow"
        return importlib.machinery.ModuleSpec(name, self, is_package=is_package)

    def create_module(self, spec):
        return types.ModuleType(spec.name)

    def exec_module(self, module):
        if module.__name__ == "tensorflow":
            module.__path__ = []
            module.lite = importlib.import_module("tensorflow.lite")
            return
        package, name = _package()
        interpreter = _imported(package, name)
        module.Interpreter = interpreter.Interpreter
        module.experimental = types.SimpleNamespace(
            load_delegate=getattr(interpreter, "load_delegate", None)
        )
        logging.getLogger("serving_kit").info(
            "tensorflow is not installed: tensorflow.lite.Interpreter is that of %s", package
        )


def _package():
    for package, name in _PACKAGES:
        if importlib.util.find_spec(package) is not None:
            return package, name
    return None


def _imported(package, name):
    try:
        return importlib.import_module(name)
    except (ImportError, AttributeError) as error:
        from importlib import metadata

        try:
            numpy = metadata.version("numpy")
        except metadata.PackageNotFoundError:
            raise
        if package == "tflite_runtime" and int(numpy.split(".")[0]) >= 2:
            raise ImportError(
                f"tflite-runtime needs numpy < 2; got numpy {numpy}. Run: pip install 'numpy<2'"
            ) from error
        raise


def offer_stand_in():
    sys.meta_path.append(_StandIn())

"""The table of models that convert.py fills from the modules beside it."""

from dataclasses import dataclass
from typing import Callable, Optional

#: Every quantization of the converter, by the suffix of the file.
ALL = ("f32", "f16", "dyn", "int8f", "int8", "uint8", "i16x8")
#: The ones for ops that the converter knows no 16x8 form of.
INT8 = ALL[:-1]
#: The ones for inputs that are not floats, such as ids of embeddings.
WEIGHTS = ("f32", "f16", "dyn")
FLOAT = ("",)


@dataclass(frozen=True)
class Model:
    """One model: how to build it, and in which quantizations it is converted."""

    name: str
    build: Callable[[], object]
    quantizations: tuple
    #: Replaces an unknown extent other than the batch in the representative data.
    size: int
    #: Rewrites the converted bytes.
    patch: Optional[Callable[[bytes], bytes]] = None


MODELS: list[Model] = []


def model(*quantizations, size=32, patch=None):
    """Registers a builder under its own name."""

    def register(build):
        MODELS.append(Model(build.__name__, build, quantizations or FLOAT, size, patch))
        return build

    return register

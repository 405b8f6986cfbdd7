"""A model that is a callable from the bytes of a request to the bytes of an answer."""

from .calls import OutputError
from .coroutines import run
from .frames import encode

_ANSWER = encode({"kind": "answer"})


class BodyModel:
    def __init__(self, model):
        self._model = model

    def description(self):
        return {"takes": "bodies"}

    def use(self, frames):
        """Nothing: bodies are bytes."""

    def answer(self, _header, body):
        answer = run(self._model(bytes(body)))
        if isinstance(answer, str):
            answer = answer.encode()
        if isinstance(answer, (bytes, bytearray, memoryview)):
            return _ANSWER, (answer,)
        raise OutputError(
            f"the model must return bytes, such as json.dumps(answer).encode(); "
            f"got {type(answer).__name__}"
        )

    def close(self):
        close = getattr(self._model, "close", None)
        if callable(close):
            run(close())

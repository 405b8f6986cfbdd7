"""Answers calls: one at a time, or as many as there are threads."""

import threading
import traceback

from .coroutines import end_process

_MAX_TRACE = 16_384


class Calls:
    """Each thread reads a frame, answers it, and reads the next."""

    def __init__(self, frames, model, threads):
        self._frames = frames
        self._model = model
        self._threads = threads
        self._reading = threading.Lock()
        self._is_closing = False

    def run(self):
        """Returns when Node has said `close` and all calls were answered, or when Node has ended."""
        others = [
            threading.Thread(target=self._answer, name=f"call-{i}", daemon=True)
            for i in range(1, self._threads)
        ]
        for thread in others:
            thread.start()
        self._answer()
        for thread in others:
            thread.join()

    def _answer(self):
        while True:
            with self._reading:
                frame = None if self._is_closing else self._frames.read()
                if frame is None or frame[1]["kind"] == "close":
                    self._is_closing = True
                    return
            self._answer_one(*frame)
            frame = None  # its memory is free while this thread waits

    def _answer_one(self, call, header, body):
        try:
            reply, parts = self._model.answer(header, body)
        except Exception as error:
            reply, parts = _failure(error), ()
        except BaseException as error:
            end_process(error)
        self._frames.write(reply, parts, call)


class OutputError(Exception):
    """The model returned what its convention does not allow."""


def _failure(error):
    if isinstance(error, OutputError):
        return {"kind": "answer", "error": "output", "text": str(error)}
    trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
    return {
        "kind": "answer",
        "error": "threw",
        "text": f"{type(error).__name__}: {error}",
        "trace": trace[-_MAX_TRACE:],
    }

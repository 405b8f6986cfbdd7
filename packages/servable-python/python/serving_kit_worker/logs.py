"""Python's `logging` as frames, with its levels. Prints and stderr go through the pipes."""

import logging
import os

_MAX_CHARACTERS = 8192


class FrameHandler(logging.Handler):
    """Writes each record as a frame. A process that the worker forked has no part in the socket: it uses stderr."""

    def __init__(self, frames):
        super().__init__()
        self._frames = frames
        self._pid = os.getpid()
        self.setFormatter(logging.Formatter("%(message)s"))

    def emit(self, record):
        try:
            text = self.format(record)[:_MAX_CHARACTERS]
            if os.getpid() != self._pid:
                os.write(2, text.encode() + b"\n")
                return
            self._frames.write(
                {"kind": "log", "level": _level(record.levelno), "name": record.name, "text": text}
            )
        except Exception:
            self.handleError(record)


def _level(number):
    if number >= logging.ERROR:
        return "error"
    return "warn" if number >= logging.WARNING else "info"


def send_logging_to(frames):
    root = logging.getLogger()
    root.addHandler(FrameHandler(frames))
    root.setLevel(logging.INFO)
    logging.captureWarnings(True)

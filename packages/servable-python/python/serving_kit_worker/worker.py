"""The worker: loads a model, and answers calls until Node says `close`, or ends."""

import gc
import os
import sys
import traceback

from . import loading, logs, packages, tflite
from .calls import Calls
from .frames import FrameSocket


def run(fd):
    frames = FrameSocket(fd)
    first = frames.read()
    if first is None:
        return
    _call, task, _body = first
    logs.send_logging_to(frames)
    packages.add_user_site()
    tflite.offer_stand_in()
    model = _load(task, frames)
    # Whatever loading made stays: the collector need not look at it again.
    gc.collect()
    gc.freeze()
    frames.write({"kind": "ready", "pid": os.getpid(), **model.description()})
    Calls(frames, model, task.get("concurrency", 1)).run()
    model.close()


def _load(task, frames):
    unmet = [line for path in task["requirements"] for line in packages.unmet(path)]
    try:
        model = loading.load(task)
    except Exception as error:
        text = f"{type(error).__name__}: {error}"
        kind = "unfit" if isinstance(error, loading.Unfit) else "failed"
        trace = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        reply = {"kind": kind, "text": str(error) if kind == "unfit" else text, "trace": trace}
        frames.write({**reply, "unmet": unmet})
        sys.stdout.flush()
        os._exit(1)
    if unmet:
        import logging

        logging.getLogger("serving_kit").warning(
            "requirements that this Python does not meet: %s", ", ".join(unmet)
        )
    model.use(frames)
    return model

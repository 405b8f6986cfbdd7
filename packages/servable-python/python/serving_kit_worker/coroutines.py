"""Runs coroutines on one event loop in a thread of its own, which lives as long as the worker."""

import os
import sys
import threading
import traceback

_loop = None
_making = threading.Lock()


def run(value):
    """The value, or what it results in if it is awaitable."""
    if not hasattr(value, "__await__"):
        return value
    import asyncio  # only then: it takes as long as the rest of the start

    return asyncio.run_coroutine_threadsafe(_awaited(value), _running_loop()).result()


async def _awaited(value):
    try:
        return await value
    except Exception:
        raise
    except BaseException as error:
        end_process(error)


def _running_loop():
    global _loop
    import asyncio

    with _making:
        if _loop is None:
            _loop = asyncio.new_event_loop()
            threading.Thread(target=_loop.run_forever, name="asyncio", daemon=True).start()
        return _loop


def end_process(error):
    """Ends the worker as `error` says: SystemExit and KeyboardInterrupt are not for the kit to catch."""
    code = 1
    if isinstance(error, SystemExit):
        code = error.code if isinstance(error.code, int) else (0 if error.code is None else 1)
        if isinstance(error.code, str):
            print(error.code, file=sys.stderr)
    else:
        traceback.print_exception(type(error), error, error.__traceback__)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:
            pass
    os._exit(code & 0xFF)

"""A model of bodies that does whatever the body says. It needs no numpy."""

import ctypes
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import time

import neighbour  # in the same folder

log = logging.getLogger("crashes")


def frame_socket():
    """The fd of the socket of the kit, which a stray write might hit."""
    for fd in range(3, 400):
        try:
            if os.readlink(f"/proc/self/fd/{fd}").startswith("socket:"):
                socket.socket(fileno=os.dup(fd)).close()
                return fd
        except OSError:
            pass
    raise RuntimeError("no socket")


def grandchild():
    return subprocess.Popen(["sleep", "1000"]).pid


def detached_grandchild():
    return subprocess.Popen(["sleep", "1000"], start_new_session=True).pid


def spin():
    while True:
        pass


def hold_gil():
    # A call through PyDLL keeps the GIL.
    ctypes.PyDLL(None).sleep(1000)


def wait(request):
    while not os.path.exists(request["file"]):
        time.sleep(0.005)


def forked():
    pid = os.fork()
    if pid == 0:
        time.sleep(1000)
    return pid


def out_of_memory():
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, resource.RLIM_INFINITY))
    try:
        return len(bytearray(1 << 34))
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


ACTIONS = {
    "segfault": lambda _: ctypes.string_at(0),
    "abort": lambda _: os.abort(),
    "sys.exit": lambda _: sys.exit(3),
    "os._exit": lambda _: os._exit(4),
    "interrupt": lambda _: (_ for _ in ()).throw(KeyboardInterrupt()),
    "kill": lambda _: os.kill(os.getpid(), signal.SIGKILL),
    "raise": lambda _: (_ for _ in ()).throw(ValueError("not a digit")),
    "sleep": lambda _: time.sleep(1000),
    "spin": lambda _: spin(),
    "gil": lambda _: hold_gil(),
    "stray": lambda _: os.write(frame_socket(), b"stray bytes, not a frame of the kit" * 10),
    "huge": lambda _: os.write(frame_socket(), b"PSK1" + b"\xff" * 60),
    "unasked": lambda _: os.write(
        frame_socket(), b"PSK1" + (17).to_bytes(4, "little") + bytes(4) + (99).to_bytes(4, "little") + bytes(8) + b'{"kind":"answer"}'
    ),
    "print": lambda request: [print(f"line {i}") for i in range(request["lines"])] and "printed",
    "print long": lambda _: print("x" * 20_000),
    "stderr": lambda _: print("to stderr", file=sys.stderr),
    "log": lambda _: [log.info("an info"), log.warning("a warning"), log.error("an error")] and "ok",
    "grandchild": lambda _: grandchild(),
    "grandchild, then segfault": lambda _: [grandchild(), detached_grandchild(), ctypes.string_at(0)],
    "family": lambda _: [grandchild(), detached_grandchild(), forked()],
    "family, then idle": lambda request: family_then(request, time.sleep, 0),
    "family, then sleep": lambda request: family_then(request, time.sleep, 1000),
    "family, then spin": lambda request: family_then(request, spin),
    "family, then gil": lambda request: family_then(request, hold_gil),
    "memory": lambda _: out_of_memory(),
    "pid": lambda _: os.getpid(),
    "signals": lambda _: [os.kill(os.getpid(), signal.SIGINT), os.getpid()][1],
    "environment": lambda request: os.environ.get(request["name"]),
    "path": lambda _: sys.path,
    "oom": lambda _: int(open("/proc/self/oom_score_adj").read()),
    "neighbour": lambda _: neighbour.NAME,
    "wait": wait,
}


def family_then(request, then, *arguments):
    pids = [os.getpid(), grandchild(), detached_grandchild(), forked()]
    with open(request["file"] + ".tmp", "w") as file:
        json.dump(pids, file)
    os.rename(request["file"] + ".tmp", request["file"])
    then(*arguments)


class Model:
    def __init__(self, path, config):
        self.facts = {"path": path, "config": config}

    def __call__(self, body):
        request = json.loads(body)
        if request["do"] == "refuse":
            return b'{ "error": "no such thing" }'
        if request["do"] == "facts":
            return json.dumps(self.facts).encode()
        return json.dumps({"done": ACTIONS[request["do"]](request)}).encode()

    def close(self):
        print("closed")


def load_servable(path, config):
    return Model(path, config)


def fails(path, config):
    raise RuntimeError("no weights")


def is_slow(path, config):
    time.sleep(1000)


def dies(path, config):
    print("about to die", file=sys.stderr)
    os._exit(9)


number = 3


def gives_number(path, config):
    return number

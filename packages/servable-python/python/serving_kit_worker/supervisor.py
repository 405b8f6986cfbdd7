"""The parent of one worker: it ends with Node, ends everything that the worker started, and leaves no zombie.

Node starts the supervisor, which forks the worker before anything large is imported. File descriptors:

- 1, 2: output of the worker, to Node's logger. The supervisor writes to neither.
- 3: frames between Node and the worker: see worker-protocol.ts.
- 4: control. Node ends its side, or dies, and the supervisor kills the worker. How the worker ended comes back as a
  line of JSON: {"code": 3} or {"signal": 11}.

The worker leads a process group of its own. When it has ended, the group is killed, and on Linux every other
descendant, which the kernel passes to the supervisor as a "child subreaper". All are reaped here, so that Node can
be process 1 of a container.
"""

import json
import os
import select
import signal

from . import linux

FRAMES = 3
CONTROL = 4


def supervise(run_worker):
    """Runs `run_worker` in a child process, and returns when nothing of it is left."""
    linux.adopt_orphans()
    os.set_inheritable(FRAMES, False)
    os.set_inheritable(CONTROL, False)
    # Ctrl-C in a terminal is for Node, which drains its calls first.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    changes, wake = os.pipe()
    os.set_blocking(changes, False)
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        _become_worker(parent, (changes, wake))
        run_worker(FRAMES)
        os._exit(0)
    _join_group(pid)
    _leave_streams()
    _wait(pid, changes)


def _become_worker(parent, fds):
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for fd in (*fds, CONTROL):
        os.close(fd)
    _join_group(0)
    linux.die_with_parent(parent)
    linux.be_killed_first()


def _join_group(pid):
    """Parent and child both do it, so that neither is too early."""
    try:
        os.setpgid(pid, pid)
    except OSError:
        pass


def _leave_streams():
    """Only the worker keeps its streams open: Node sees their end."""
    nothing = os.open(os.devnull, os.O_RDWR)
    for fd in (1, 2, FRAMES):
        os.dup2(nothing, fd)


def _wait(pid, changes):
    poll = select.poll()
    poll.register(CONTROL, select.POLLIN)
    poll.register(changes, select.POLLIN)
    while True:
        ready = {fd for fd, _ in poll.poll()}
        if changes in ready:
            _drain(changes)
            ending = _reap(pid)
            if ending is not None:
                break
        if CONTROL in ready and not _is_open():
            poll.unregister(CONTROL)
            _kill_group(pid)
    _kill_group(pid)
    _tell(ending)
    _end_descendants()


def _drain(fd):
    try:
        while os.read(fd, 512):
            pass
    except BlockingIOError:
        pass


def _is_open():
    try:
        return os.read(CONTROL, 512) != b""
    except OSError:
        return False


def _reap(worker):
    """Reaps whatever has ended, and returns how the worker did, or None while it runs."""
    ending = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ending
        if pid == 0:
            return ending
        if pid == worker:
            code = os.waitstatus_to_exitcode(status)
            ending = {"code": code} if code >= 0 else {"signal": -code}


def _kill_group(pid):
    try:
        os.killpg(pid, signal.SIGKILL)
    except OSError:
        pass  # none is left


def _tell(ending):
    try:
        os.write(CONTROL, json.dumps(ending).encode() + b"\n")
    except OSError:
        pass  # Node has ended


def _end_descendants():
    while True:
        for pid in linux.children():
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                pass
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return

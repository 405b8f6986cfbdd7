"""System calls of Linux that Python has no function for. Elsewhere they do nothing."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_IS_LINUX = sys.platform == "linux"


def _prctl(option, value):
    if _IS_LINUX:
        try:
            ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
        except (OSError, AttributeError):
            pass  # Refused by a sandbox: the supervisor still ends the group.


def die_with_parent(parent):
    """Has the kernel kill this process when its parent ends."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it has ended before the call
        os._exit(1)


def adopt_orphans():
    """Makes this process the parent of descendants whose own parent has ended."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def be_killed_first():
    """Has the kernel, when memory runs out, end this process and not the server."""
    if _IS_LINUX:
        try:
            with open("/proc/self/oom_score_adj", "w") as file:
                file.write("500")
        except OSError:
            pass


def children():
    """The pids of the children of this process, as far as the kernel lists them."""
    try:
        with open(f"/proc/self/task/{os.getpid()}/children") as file:
            return [int(pid) for pid in file.read().split()]
    except (OSError, ValueError):
        return []

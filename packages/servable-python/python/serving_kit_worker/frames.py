"""Frames over a socket: see worker-protocol.ts, which this file follows."""

import json
import os
import socket
import struct
import threading

MAGIC = 0x314B5350  # "PSK1"
MAX_HEADER = 1 << 24
ALIGNMENT = 64
# Below it, one write of a joined copy is faster than several writes.
_SMALL = 1 << 16
# What every system takes in one call.
_MAX_VIEWS = 16

_PREFIX = struct.Struct("<IIIIQ")


class FrameSocket:
    """Reads and writes frames. One thread reads at a time, and one writes."""

    def __init__(self, fd):
        # Elsewhere than at a small number, where a stray write of the model would hit it.
        self._socket = socket.socket(fileno=_moved(fd))
        self._socket.setblocking(True)
        self._prefix = bytearray(_PREFIX.size)
        self._writing = threading.Lock()
        self._allocate = bytearray

    def use_numpy(self, numpy):
        """Allocates bodies without filling them with zeros first."""
        self._allocate = lambda size: numpy.empty(size, numpy.uint8).data.cast("B")

    def read(self):
        """The header and body of the next frame; None if Node has ended."""
        if not self._fill(memoryview(self._prefix)):
            return None
        magic, header_bytes, _flags, _reserved, body_bytes = _PREFIX.unpack(self._prefix)
        if magic != MAGIC or header_bytes > MAX_HEADER:
            raise ValueError("expected a frame of serving-kit; the socket has other bytes")
        header = bytearray(header_bytes)
        if not self._fill(memoryview(header)):
            return None
        body = _aligned(self._allocate, body_bytes)
        if not self._fill(body):
            return None
        return json.loads(header), body

    def write(self, header, parts=()):
        """Writes a frame. `parts` are bytes-like; each starts at a multiple of 64 in the body."""
        body, pieces = 0, []
        for part in parts:
            view = memoryview(part).cast("B") if not isinstance(part, bytes) else part
            gap = -body % ALIGNMENT
            if gap:
                pieces.append(bytes(gap))
            pieces.append(view)
            body += gap + len(view)
        text = json.dumps(header, separators=(",", ":")).encode()
        head = _PREFIX.pack(MAGIC, len(text), 0, 0, body) + text
        with self._writing:
            if body <= _SMALL:
                self._socket.sendall(b"".join((head, *pieces)))
            else:
                self._send([memoryview(head), *map(memoryview, pieces)])

    def _send(self, views):
        """Sends head and pieces by as few calls as the system takes them in: each one wakes Node."""
        while views:
            sent = self._socket.sendmsg(views[:_MAX_VIEWS])
            while views and sent >= len(views[0]):
                sent -= len(views.pop(0))
            if sent:
                views[0] = views[0][sent:]

    def _fill(self, view):
        size = len(view)
        done = 0
        while done < size:
            count = self._socket.recv_into(view[done:], size - done)
            if count == 0:
                return False
            done += count
        return True


def _moved(fd):
    try:
        import fcntl

        moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 200)
    except (ImportError, OSError):
        return fd
    os.close(fd)
    return moved


def _aligned(allocate, size):
    """A writable view of `size` bytes whose address is a multiple of 64."""
    if size == 0:
        return memoryview(bytearray())
    import ctypes

    memory = memoryview(allocate(size + ALIGNMENT - 1))
    start = -ctypes.addressof(ctypes.c_char.from_buffer(memory)) % ALIGNMENT
    return memory[start : start + size]


def offsets(sizes):
    """Where parts of these sizes start in a body."""
    start, starts = 0, []
    for size in sizes:
        start += -start % ALIGNMENT
        starts.append(start)
        start += size
    return starts

"""Frames over a socket: see worker-protocol.ts, which this file follows."""

import json
import os
import socket
import struct
import threading

from .memory import ALIGNMENT, Memory

MAGIC = 0x314B5350  # "PSK1"
MAX_HEADER = 1 << 24
# Read ahead up to it, so that a small frame is one call of the system.
_AHEAD = 1 << 15
# Below it, one write of a joined copy is faster than several writes.
_SMALL = 1 << 16
# What every system takes in one call.
_MAX_VIEWS = 16
# How much may wait to be read by Node, if the system allows it: the worker need not wait for Node then.
_SEND_BUFFER = 1 << 20

# How many headers are remembered, and of how many bytes at most.
_MAX_HEADERS = 64
_MAX_REMEMBERED = 1 << 10

_PREFIX = struct.Struct("<IIIIQ")
_encode = json.JSONEncoder(separators=(",", ":")).encode


class Header(dict):
    """A header. Frames with the same text share it, and what a model remembers about it."""

    plan = None


def encode(header):
    """The text of a header, which `write` takes as well."""
    return _encode(header).encode()


class FrameSocket:
    """Reads and writes frames. One thread reads at a time, and one writes."""

    def __init__(self, fd):
        # Elsewhere than at a small number, where a stray write of the model would hit it.
        self._socket = socket.socket(fileno=_moved(fd))
        self._socket.setblocking(True)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
        except OSError:
            pass  # it is an optimization
        self._ahead = memoryview(bytearray(_AHEAD))
        self._start = self._end = 0
        self._writing = threading.Lock()
        self._memory = Memory(bytearray)
        self._headers = {}

    def use_numpy(self, numpy):
        """Allocates bodies without filling them with zeros first."""
        self._memory = Memory(lambda size: numpy.empty(size, numpy.uint8))

    def read(self):
        """The number, header and body of the next frame; None if Node has ended."""
        prefix = self._next(_PREFIX.size)
        if prefix is None:
            return None
        magic, header_bytes, _flags, call, body_bytes = _PREFIX.unpack(prefix)
        if magic != MAGIC or header_bytes > MAX_HEADER:
            raise ValueError("expected a frame of serving-kit; the socket has other bytes")
        text = self._next(header_bytes)
        if text is None:
            return None
        header = self._header(bytes(text))
        body = self._memory.take(body_bytes)
        return (call, header, body) if self._fill(body) else None

    def _header(self, text):
        header = self._headers.get(text)
        if header is None:
            header = Header(json.loads(text))
            if len(text) <= _MAX_REMEMBERED:
                if len(self._headers) == _MAX_HEADERS:
                    self._headers.clear()
                self._headers[text] = header
        return header

    def write(self, header, parts=(), call=0):
        """Writes a frame. `parts` are bytes-like; each starts at a multiple of 64 in the body."""
        body, pieces = 0, []
        for part in parts:
            view = memoryview(part).cast("B") if not isinstance(part, bytes) else part
            gap = -body % ALIGNMENT
            if gap:
                pieces.append(bytes(gap))
            pieces.append(view)
            body += gap + len(view)
        text = header if isinstance(header, bytes) else encode(header)
        head = _PREFIX.pack(MAGIC, len(text), 0, call, body) + text
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

    def _next(self, size):
        """The next bytes, as a view that is valid until the next call; None at the end."""
        if size > _AHEAD:
            view = memoryview(bytearray(size))
            return view if self._fill(view) else None
        ahead = self._ahead
        if self._end - self._start < size and self._start > 0:
            self._end -= self._start
            ahead[: self._end] = bytes(ahead[self._start : self._start + self._end])
            self._start = 0
        while self._end - self._start < size:
            count = self._socket.recv_into(ahead[self._end :])
            if count == 0:
                return None
            self._end += count
        self._start += size
        return ahead[self._start - size : self._start]

    def _fill(self, view):
        """Fills a view with what was read ahead, and then from the socket. Whether there was enough."""
        done = min(len(view), self._end - self._start)
        view[:done] = self._ahead[self._start : self._start + done]
        self._start += done
        while done < len(view):
            count = self._socket.recv_into(view[done:], 0, socket.MSG_WAITALL)
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


def offsets(sizes):
    """Where parts of these sizes start in a body."""
    start, starts = 0, []
    for size in sizes:
        start += -start % ALIGNMENT
        starts.append(start)
        start += size
    return starts

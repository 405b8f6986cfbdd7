"""Memory for the bodies of frames, which models see as arrays and may keep."""

import ctypes
import sys

ALIGNMENT = 64
# What is kept for the next body: smaller bodies cost little, and larger ones would stay for too long.
_MIN_KEPT = 1 << 15
_MAX_KEPT = 1 << 26

# Absent in interpreters that do not count references.
_references = getattr(sys, "getrefcount", None)


class Memory:
    """Aligned memory. That of a large body is used again once nothing refers to it: new memory costs page faults."""

    def __init__(self, allocate):
        """`allocate` makes an object of so many bytes, with a buffer and a length."""
        self._allocate = allocate
        self._kept = object()
        # What the same expression counts for an object that nothing else refers to.
        self._own_references = _references(self._kept) if _references else 0
        self._kept = None
        self._start = 0

    def take(self, size):
        """A writable view of `size` bytes whose address is a multiple of 64."""
        if size == 0:
            return memoryview(bytearray())
        if self._is_free(size):
            memory, start = self._kept, self._start
        else:
            memory = self._allocate(size + ALIGNMENT - 1)
            start = _padding(memory)
            if _references and _MIN_KEPT <= size <= _MAX_KEPT:
                self._kept, self._start = memory, start
        return memoryview(memory).cast("B")[start : start + size]

    def _is_free(self, size):
        needed = size + ALIGNMENT - 1
        if self._kept is None or not needed <= len(self._kept) <= 4 * needed:
            return False
        return _references(self._kept) == self._own_references


def _padding(memory):
    """The first offset whose address is a multiple of 64."""
    return -ctypes.addressof(ctypes.c_char.from_buffer(memory)) % ALIGNMENT

import { writeSync } from "node:fs";
import { loadKoffi } from "./koffi.js";

/** `POLLOUT` of poll.h, and the size of a `struct pollfd`: { int fd; short events; short revents; }. */
const POLLOUT = 4;
const POLLFD_BYTES = 8;

/**
 * Loads and returns a function that writes to a file descriptor without blocking. A string is dropped if the pipe has
 * no room for it, or if it has more than 4,096 bytes, which might not fit. For any thread of the process.
 */
export function prepareWrite(fd: number): (text: string) => void {
  const hasRoom = findPoll(fd);
  return (text) => {
    const bytes = Buffer.from(text);
    if (bytes.length > PIPE_BUF || !hasRoom()) return;
    try {
      writeSync(fd, bytes);
    } catch {
      // The reader has closed the pipe.
    }
  };
}

/** Bytes that POSIX systems write to a pipe atomically, if `poll` reports room. */
const PIPE_BUF = 4_096;

function findPoll(fd: number): () => boolean {
  try {
    const poll = loadKoffi().load(null).func("poll", "int", ["void *", "unsigned long", "int"]);
    const request = Buffer.alloc(POLLFD_BYTES);
    request.writeInt32LE(fd, 0);
    request.writeInt16LE(POLLOUT, 4);
    return () => {
      request.writeInt16LE(0, 6);
      return poll(request, 1, 0) === 1 && (request.readInt16LE(6) & POLLOUT) !== 0;
    };
  } catch {
    return () => true;
  }
}

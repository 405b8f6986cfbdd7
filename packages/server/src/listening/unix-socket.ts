import { lstat, unlink } from "node:fs/promises";
import { connect } from "node:net";
import { errors } from "../errors.js";

/**
 * Makes the path of a unix socket free: a socket that a process left behind when it died is removed.
 *
 * One that somebody answers on is left alone, so that listening then fails with `EADDRINUSE`; of two
 * servers that start at the same moment on one path, the later one may take it over.
 *
 * @throws ServingError INVALID_ARGUMENT / CONFIG_INVALID when something else is there: only sockets
 * are ever removed.
 */
export async function claimSocketPath(path: string): Promise<void> {
  // Windows has pipes, which leave nothing behind.
  if (process.platform === "win32") return;
  const stats = await lstat(path).catch(() => undefined);
  if (stats === undefined) return;
  if (!stats.isSocket()) {
    throw errors.configInvalid(
      `socketPath: expected a socket or an unused path; got ${path}, which is not a socket`,
    );
  }
  if (!(await isAnswered(path))) await unlink(path);
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code !== "ECONNREFUSED"));
  });
}

import { lstat, unlink } from "node:fs/promises";
import { connect } from "node:net";
import { errors } from "../errors.js";

/**
 * Frees the path of a unix socket: removes a stale socket of a dead process.
 *
 * A socket in use is not removed, so listening on it fails with `EADDRINUSE`. If two servers start at the same moment
 * on one path, the later server may take it over.
 *
 * @throws ServingError INVALID_ARGUMENT / CONFIG_INVALID if another kind of file exists there: only sockets are ever
 * removed.
 */
export async function claimSocketPath(path: string): Promise<void> {
  // Windows uses pipes, which leave no files behind.
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

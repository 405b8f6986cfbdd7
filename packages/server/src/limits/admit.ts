import type { Socket } from "node:net";
import type { LoopLimits } from "./loop-limits.js";

/** Takes a place for a connection until its end. Closes it and returns false if there is none. */
export function admit(socket: Socket, limits: Pick<LoopLimits, "connect" | "leave">): boolean {
  if (!limits.connect()) {
    socket.destroy();
    return false;
  }
  socket.once("close", () => limits.leave());
  return true;
}

import type { Socket } from "node:net";
import type { LoopLimits } from "./loop-limits.js";

/** Reserves a place for a connection until its end. If none is free, closes the connection and returns false. */
export function admit(socket: Socket, limits: Pick<LoopLimits, "connect" | "leave">): boolean {
  if (!limits.connect()) {
    socket.destroy();
    return false;
  }
  socket.once("close", () => limits.leave());
  return true;
}

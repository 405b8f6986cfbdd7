import { randomInt } from "node:crypto";
import { createServer } from "node:net";

/** Registered ports below those that the system takes for connections and for port 0. */
const FIRST = 15_000;
const END = 32_000;

/**
 * A port that nobody has, for a server that is told its port: the system gives it to no one else
 * meanwhile, as it may a port that was freed.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST, END);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}

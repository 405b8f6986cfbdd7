import { setTimeout as delay } from "node:timers/promises";
import type { Victim } from "./victim.js";

/** An action's result, and the maximum wait of a health probe in ms while it ran. */
export interface Waited<T> {
  readonly longest: number;
  readonly outcome: T;
}

/** Runs an action while it probes the health of the server. */
export async function longestWait<T>(server: Victim, run: () => Promise<T>): Promise<Waited<T>> {
  let isOver = false;
  let longest = 0;
  const running = run().finally(() => {
    isOver = true;
  });
  while (!isOver) longest = Math.max(longest, await server.probe());
  return { longest, outcome: await running };
}

/** Heap and external memory in MB when nothing more is freed. */
export async function settled(server: Victim): Promise<number> {
  let mb = await server.collect();
  for (let quiet = 0; quiet < 10; quiet++) {
    await delay(100);
    const now = await server.collect();
    if (now < mb - 0.5) quiet = 0;
    mb = now;
  }
  return mb;
}

/** The same when it is down to `goal`, or half a minute later: connections end one by one. */
export async function freed(server: Victim, goal: number): Promise<number> {
  let mb = await server.collect();
  for (let i = 0; i < 150 && mb > goal; i++) {
    await delay(200);
    mb = await server.collect();
  }
  return mb;
}

/** The memory in MB that a request took at its peak, and its outcome. */
export async function memoryOf<T>(
  server: Victim,
  send: () => Promise<T>,
): Promise<{ readonly tookMb: number; readonly outcome: T }> {
  await server.collect();
  server.resetPeak();
  const before = server.memory().now;
  const outcome = await send();
  return { tookMb: Math.max(0, server.memory().peak - before), outcome };
}

/** The memory in MB that a request of so many bytes may take: ten times its bytes, or 32 MB if that is more. */
export const allowedMb = (bytes: number): number => Math.max(32, (10 * bytes) / 1e6);

// @ts-nocheck Not yet in TypeScript.
/** Returns the maximum wait of a health probe in ms while an action ran, and the result of the action. */
export async function longestWait(server, run) {
  let isOver = false;
  let longest = 0;
  const running = run().finally(() => {
    isOver = true;
  });
  while (!isOver) longest = Math.max(longest, await server.probe());
  return { longest, outcome: await running };
}

/** Heap and external memory in MB when nothing more is freed. */
export async function settled(server) {
  let mb = await server.collect();
  for (let quiet = 0; quiet < 10; quiet++) {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const now = await server.collect();
    if (now < mb - 0.5) quiet = 0;
    mb = now;
  }
  return mb;
}

/** The same when it is down to `goal`, or half a minute later: connections end one by one. */
export async function freed(server, goal) {
  let mb = await server.collect();
  for (let i = 0; i < 150 && mb > goal; i++) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    mb = await server.collect();
  }
  return mb;
}

/** The memory in MB that a request took at its peak, and its outcome. */
export async function memoryOf(server, { send }, bytes) {
  await server.collect();
  server.resetPeak();
  const before = server.memory().now;
  const outcome = await send(server, bytes);
  return { tookMb: Math.max(0, server.memory().peak - before), outcome };
}

/** The memory in MB that a request of so many bytes may take: ten times its bytes, or 32 MB if that is more. */
export const allowedMb = (bytes) => Math.max(32, (10 * bytes) / 1e6);

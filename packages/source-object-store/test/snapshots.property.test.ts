import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import { fetchWorld, whileTimePasses } from "./fetch-world.js";

const signal = new AbortController().signal;
const name = fc.constantFrom("a", "b", "c", "d", "_READY");
const change = fc.oneof(
  { weight: 3, arbitrary: fc.record({ put: name }) },
  fc.record({ remove: name }),
);

/** The files of a folder with their text, as one text. */
async function filesIn(path: string): Promise<string> {
  const names = (await readdir(path)).sort();
  const texts = names.map(async (each) => [each, await readFile(join(path, each), "utf8")]);
  return JSON.stringify(await Promise.all(texts));
}

it("OP5 no order of puts, overwrites and deletes loads a set of objects that never existed together", async () => {
  const changes = fc.array(change, { minLength: 1, maxLength: 12 });
  const everyNth = fc.integer({ min: 1, max: 3 });
  const pageSize = fc.constantFrom(2, 1_000);
  const property = fc.asyncProperty(changes, everyNth, pageSize, async (steps, nth, size) => {
    await using world = await fetchWorld({ pageSize: size });
    const { store, clock } = world;
    const states = new Set<string>();
    let count = 0;
    const note = () => {
      const texts = Object.entries(store.texts("digits/1/")).sort(([a], [b]) => (a < b ? -1 : 1));
      states.add(JSON.stringify(texts));
    };
    const queue = [...steps];
    const step = () => {
      const next = queue.shift();
      if (next === undefined) return;
      if ("put" in next) store.put(`digits/1/${next.put}`, `${next.put} ${++count}`);
      else store.remove(`digits/1/${next.remove}`);
      note();
    };
    store.put("digits/1/a", "a 0");
    note();
    let requests = 0;
    // The publisher is at work between any two requests of the fetch.
    store.before = () => {
      if (++requests % nth === 0) step();
    };
    while (queue.length > 0) {
      const fetching = whileTimePasses(clock, world.remote().fetch(signal));
      const lease = await fetching.catch(() => undefined);
      if (lease !== undefined) {
        expect([...states]).toContain(await filesIn(lease.path));
        await lease[Symbol.asyncDispose]();
      }
      step();
    }
  });
  await fc.assert(property, { numRuns: 40 });
}, 120_000);

import { expect, it } from "vitest";
import { stateChanges } from "./state-changes.js";

function world() {
  const listeners = new Set<() => void>();
  const onStateChange = (listener: () => void) => {
    listeners.add(listener);
    return { [Symbol.dispose]: () => listeners.delete(listener) };
  };
  const change = () => {
    for (const listener of listeners) listener();
  };
  return { onStateChange, change, held: () => listeners.size };
}

it("yields now, and once for all changes since the last", async () => {
  const { onStateChange, change } = world();
  const changes = stateChanges(onStateChange, []);
  expect((await changes.next()).done).toBe(false);
  change();
  change();
  expect((await changes.next()).done).toBe(false);
  let hasYielded = false;
  const next = changes.next().then(() => {
    hasYielded = true;
  });
  await Promise.resolve();
  expect(hasYielded).toBe(false);
  change();
  await next;
});

it.each([0, 1])("ends with signal %i, and holds nothing then", async (i) => {
  const { onStateChange, held } = world();
  const controllers = [new AbortController(), new AbortController()];
  const changes = stateChanges(
    onStateChange,
    controllers.map(({ signal }) => signal),
  );
  await changes.next();
  const next = changes.next();
  expect(held()).toBe(1);
  controllers[i]?.abort();
  expect((await next).done).toBe(true);
  expect(held()).toBe(0);
});

it("yields nothing after the end, and subscribes to nothing before it is read", async () => {
  const { onStateChange, held } = world();
  const changes = stateChanges(onStateChange, [AbortSignal.abort()]);
  expect(held()).toBe(0);
  expect((await changes.next()).done).toBe(true);
});

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BatchTask } from "./batch-task.js";
import { TaskList } from "./task-list.js";

const MAX = 8;
const owner = { abort: () => {}, fail: () => {} };
const task = (size: number) => new BatchTask<number, number>(owner, size, size, 0, 0, 0, undefined);

function tasksOf(list: TaskList<number, number>): BatchTask<number, number>[] {
  const tasks: BatchTask<number, number>[] = [];
  for (let one = list.head; one !== null; one = list.after(one)) tasks.push(one);
  return tasks;
}

/** Returns the batches that tasks of these sizes form, in order. */
function batchesOf(sizes: readonly number[], batchSize: number): number[] {
  const batches: number[] = [];
  for (const size of sizes) {
    const last = batches.at(-1);
    if (last === undefined || last + size > batchSize) batches.push(size);
    else batches[batches.length - 1] = last + size;
  }
  return batches;
}

const takenBy = (sizes: readonly number[], batchSize: number) => {
  const batches = batchesOf(sizes, batchSize);
  return batches.length === 0 ? 0 : (batches.length - 1) * batchSize + (batches.at(-1) ?? 0);
};

const steps = fc.array(
  fc.record({
    kind: fc.constantFrom("push", "push", "push", "remove", "take", "resize"),
    number: fc.integer({ min: 1, max: MAX }),
  }),
  { maxLength: 60 },
);

describe("TaskList", () => {
  it("counts what batches will take, while tasks arrive, leave and are batched", () => {
    fc.assert(
      fc.property(steps, (todo) => {
        let batchSize = MAX;
        const list = new TaskList<number, number>(batchSize);
        for (const { kind, number } of todo) {
          const tasks = tasksOf(list);
          if (kind === "push") list.push(task(number));
          else if (kind === "remove" && tasks.length > 0) {
            list.remove(tasks[number % tasks.length] as (typeof tasks)[0]);
          } else if (kind === "take" && tasks.length > 0) {
            const [first = 0] = batchesOf(
              tasks.map(({ size }) => size),
              batchSize,
            );
            for (let left = first; left > 0; left -= tasks.shift()?.size ?? left) {
              list.take(tasks[0] as (typeof tasks)[0]);
            }
          } else if (kind === "resize") {
            batchSize = MAX + number;
            list.batchSize = batchSize;
          }
          const sizes = tasksOf(list).map(({ size }) => size);
          expect(list.count).toBe(sizes.length);
          expect(list.taken).toBe(takenBy(sizes, batchSize));
          expect(list.placeOf(number)).toBe(
            takenBy([...sizes, number], batchSize) - takenBy(sizes, batchSize),
          );
        }
      }),
      { numRuns: 500 },
    );
  });

  it("leaves no empty slots when tasks are split", () => {
    const list = new TaskList<number, number>(Number.POSITIVE_INFINITY);
    for (const size of [5, 7, 3]) list.push(task(size));
    list.remove(list.head as BatchTask<number, number>);
    expect(list.taken).toBe(10);
    expect(list.placeOf(6)).toBe(6);
  });
});

import { expect, it } from "vitest";
import type { CallAllowance } from "../plugins/call-budget.js";
import { MemoryBudget } from "./memory-budget.js";
import { releaseSlot, SharedCount, sharedCounts } from "./shared-counts.js";

const MIB = 2 ** 20;

function budgetOf(bytes: number, shared = sharedCounts(), slot = 0) {
  const count = new SharedCount(shared, "memory", slot);
  return { budget: new MemoryBudget(bytes, count), count, shared };
}

const reasonOf = (take: () => void) => {
  try {
    take();
    return "";
  } catch (error) {
    return (error as { reason: string }).reason;
  }
};

it("CB1 a request takes ten times its body or 32 MiB, whichever is more", () => {
  const { budget } = budgetOf(1024 * MIB);
  const small = budget.open();
  small.receive(10);
  expect(reasonOf(() => small.take(32 * MIB - 10))).toBe("");
  expect(reasonOf(() => small.take(1 * MIB))).toBe("REQUEST_TOO_COSTLY");
  const large = budget.open();
  large.receive(10 * MIB);
  expect(reasonOf(() => large.take(90 * MIB))).toBe("");
  expect(reasonOf(() => large.take(MIB))).toBe("REQUEST_TOO_COSTLY");
  expect(reasonOf(() => large.take(Number.POSITIVE_INFINITY))).toBe("REQUEST_TOO_COSTLY");
});

it("CB2 all requests of all loops take the budget together; one larger than it is too costly", () => {
  const { budget, shared } = budgetOf(40 * MIB);
  const other = budgetOf(40 * MIB, shared, 1).budget;
  using first = budget.open();
  first.take(30 * MIB);
  const second = other.open();
  expect(reasonOf(() => second.take(20 * MIB))).toBe("MEMORY_SPENT");
  expect(reasonOf(() => second.take(10 * MIB))).toBe("");
  expect([budget.isScarce, other.isScarce]).toEqual([true, true]);
  second[Symbol.dispose]();
  const third = other.open();
  third.receive(10 * MIB);
  expect(reasonOf(() => third.take(31 * MIB))).toBe("REQUEST_TOO_COSTLY");
});

it("CB3 disposal releases everything once, including what a response took beyond the budget", () => {
  const { budget, count } = budgetOf(MIB);
  const open = (use: (allowance: CallAllowance) => void) => {
    const allowance = budget.open();
    use(allowance);
    allowance[Symbol.dispose]();
    allowance[Symbol.dispose]();
  };
  open(() => {});
  open((allowance) => allowance.take(1));
  open((allowance) => expect(reasonOf(() => allowance.take(2 * MIB))).toBe("REQUEST_TOO_COSTLY"));
  open((allowance) => {
    allowance.receive(MIB / 2);
    allowance.answer(100 * MIB);
    expect(count.total).toBe((100 * MIB) / 16_384);
  });
  expect(count.total).toBe(0);
});

it("what a loop held when its thread ended is given back", () => {
  const { budget, shared, count } = budgetOf(40 * MIB);
  budget.open().take(MIB);
  budgetOf(40 * MIB, shared, 3)
    .budget.open()
    .take(2 * MIB);
  expect(count.total).toBe((3 * MIB) / 16_384);
  releaseSlot(shared, 3);
  releaseSlot(shared, 3);
  expect(count.total).toBe(MIB / 16_384);
});

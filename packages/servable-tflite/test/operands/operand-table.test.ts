import type { Tensor } from "@serving-kit/inference";
import { beforeAll, describe, expect, it } from "vitest";
import { OPERAND_TABLE } from "../../src/operands/checks/operand-table.js";
import { type OperandCase, operandCases } from "./operand-cases.js";
import { type Outcome, runInChildren, type Task } from "./run-in-children.js";
import { runtimes } from "./runtimes.js";

interface Probe {
  readonly of: OperandCase;
  readonly values: readonly number[];
}

const probes: readonly Probe[] = operandCases.flatMap((of) =>
  of.values.map((values) => ({ of, values })),
);

const label = ({ of, values }: Probe) => `${of.name} ${values}`;

/** Returns whether an outcome is the operator's defined result: its shape, and only numbers that it was given. */
function isRight({ of, values }: Probe, outcome: Outcome): boolean {
  if (outcome.kind !== "outputs") return false;
  const [first] = Object.values(outcome.outputs) as Tensor[];
  const isExpected = Object.values(outcome.outputs).every((tensor) =>
    Array.from((tensor as Tensor<"float32">).data).every((value) => of.contents.includes(value)),
  );
  return isExpected && String(first?.shape) === String(of.shape(values));
}

const tasksOf = (
  chosen: readonly Probe[],
  library: string,
  rest: Pick<Task, "runner" | "options">,
): Task[] =>
  chosen.map(({ of, values }) => ({
    model: of.model,
    inputs: of.inputs(values),
    library,
    ...rest,
  }));

describe.each(runtimes)("operands on TensorFlow Lite %s", (generation, library) => {
  const isMissing = library === "";
  const present = probes.filter(({ of }) => !of.absentIn?.includes(generation));

  describe.skipIf(isMissing)("through the kit (skipped: its library is missing)", () => {
    let outcomes: Outcome[] = [];
    beforeAll(async () => {
      const options = { warmup: false, execution: "inline" };
      outcomes = await runInChildren(tasksOf(present, library, { runner: "kit", options }));
    }, 240_000);
    const wrong = (isWrong: (probe: Probe, outcome: Outcome) => boolean) =>
      present
        .map((probe, i) => [probe, outcomes[i] as Outcome] as const)
        .filter(([probe, outcome]) => isWrong(probe, outcome))
        .map(([probe, outcome]) => `${label(probe)}: ${describeOutcome(outcome)}`);

    it("never kill or hang the process", () => {
      expect(wrong((_, { kind }) => kind === "killed")).toEqual([]);
    });

    it("out of range are an error of the call", () => {
      const isWrong = ({ of, values }: Probe, outcome: Outcome) =>
        !of.isValid(values) && (outcome.kind !== "error" || outcome.step !== "predict");
      expect(wrong(isWrong)).toEqual([]);
    });

    it("within range give the result that the operator defines", () => {
      const isDoubleFree = ({ of, values }: Probe) =>
        generation === "2.21" && of.operator === "TOPK_V2" && values[0] === 0;
      const isWrong = (probe: Probe, outcome: Outcome) =>
        probe.of.isValid(probe.values) && !isDoubleFree(probe) && !isRight(probe, outcome);
      expect(wrong(isWrong)).toEqual([]);
    });
  });

  it.skipIf(isMissing)(
    "are checked by the kernels that the table names (skipped: its library is missing)",
    async () => {
      const checked = present.filter(({ of, values }) => {
        const row = OPERAND_TABLE.find(
          ({ operators, operand }) => operators.includes(of.operator) && operand === of.operand,
        );
        return row?.checkedBy.includes(generation) && !of.isValid(values);
      });
      const outcomes = await runInChildren(tasksOf(checked, library, { runner: "raw" }));
      const wrong = checked
        .map((probe, i) => [probe, outcomes[i] as Outcome] as const)
        .filter(([, { kind }]) => kind !== "error")
        .map(([probe, outcome]) => `${label(probe)}: ${describeOutcome(outcome)}`);
      expect(checked.length).toBeGreaterThan(20);
      expect(wrong).toEqual([]);
    },
    120_000,
  );
});

it("every operand of the table has a case, or a test of its own", () => {
  const covered = new Set(operandCases.map(({ operator, operand }) => `${operator} ${operand}`));
  const bare = OPERAND_TABLE.flatMap(({ operators, operand }) =>
    operators.some((operator) => covered.has(`${operator} ${operand}`))
      ? []
      : [`${operators[0]} ${operand}`],
  );
  expect(bare).toEqual([]);
});

function describeOutcome(outcome: Outcome): string {
  if (outcome.kind === "killed") return `killed by ${outcome.by}`;
  if (outcome.kind === "error") return `${outcome.step}: ${outcome.reason} ${outcome.message}`;
  const [tensor] = Object.values(outcome.outputs) as Tensor<"float32">[];
  return `[${tensor?.shape}] ${[...new Set(tensor?.data)].slice(0, 6)}`;
}

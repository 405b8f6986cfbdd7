import type { Graph, Operator, Subgraph } from "../graph/graph.js";
import type { Finding } from "./checks/constraint.js";
import type { KernelGeneration, OperandRow } from "./checks/operand-row.js";
import { OPERAND_TABLE } from "./checks/operand-table.js";
import type { Evaluator, Tensors, Visit } from "./evaluator.js";
import { checkResultSize, isSized } from "./result-size.js";
import type { AbstractTensor } from "./values/abstract-tensor.js";
import type { OperatorView } from "./values/operator-view.js";

/** The checks that a runtime's kernels require. */
export interface Requirements {
  readonly generation: KernelGeneration;
  readonly maxTensorBytes: number;
}

/** A finding and its place. */
export interface LocatedFinding extends Finding {
  readonly subgraph: number;
  readonly operator: number;
  readonly operatorName: string;
  /** The name of the operand's tensor, or of the result. */
  readonly tensor: string;
  /** The operator of the main subgraph that contains this one. */
  readonly top: Operator;
}

const rowsOf = new Map<KernelGeneration, ReadonlyMap<string, readonly OperandRow[]>>();

/** Returns the operands that kernels of a generation do not check, by operator. */
export function uncheckedRows(
  generation: KernelGeneration,
): ReadonlyMap<string, readonly OperandRow[]> {
  const known = rowsOf.get(generation);
  if (known !== undefined) return known;
  const rows = OPERAND_TABLE.filter(({ checkedBy }) => !checkedBy.includes(generation));
  const byName = new Map<string, OperandRow[]>();
  for (const row of rows) {
    for (const name of row.operators) byName.set(name, [...(byName.get(name) ?? []), row]);
  }
  rowsOf.set(generation, byName);
  return byName;
}

/** Returns whether a graph has an operator that needs a check. */
export function needsChecks({ subgraphs }: Graph, { generation }: Requirements): boolean {
  const rows = uncheckedRows(generation);
  return subgraphs.some(({ operators }) =>
    operators.some(({ name }) => rows.has(name) || isSized(name)),
  );
}

/** Evaluates operators of a subgraph and returns the requirements that are not proven to hold. */
export function findUnshown(
  evaluator: Evaluator,
  subgraph: Subgraph,
  tensors: Tensors,
  operators: readonly Operator[],
  requirements: Requirements,
): LocatedFinding[] {
  const found: LocatedFinding[] = [];
  let top: Operator | undefined;
  const visit: Visit = (op, place, outputs) => {
    for (const finding of findingsOf(op, outputs, requirements)) {
      if (!finding.isShown) found.push(located(finding, op, place, top as Operator));
    }
  };
  for (const operator of operators) {
    top = operator;
    evaluator.continue(subgraph, tensors, [operator], visit);
  }
  return found;
}

function findingsOf(
  op: OperatorView,
  outputs: readonly AbstractTensor[],
  { generation, maxTensorBytes }: Requirements,
): Finding[] {
  const rows = uncheckedRows(generation).get(op.name) ?? [];
  const findings = rows.map((row) => {
    const finding = row.check(op);
    return { ...finding, isSafe: finding.isSafe && (row.boundedBy?.includes(generation) ?? false) };
  });
  const size = checkResultSize(op, outputs[0], maxTensorBytes);
  return size === undefined ? findings : [...findings, size];
}

function located(
  finding: Finding,
  op: OperatorView,
  subgraph: Subgraph,
  top: Operator,
): LocatedFinding {
  const { operator } = op;
  const number = finding.input === undefined ? operator.outputs[0] : operator.inputs[finding.input];
  return {
    ...finding,
    subgraph: subgraph.index,
    operator: operator.index,
    operatorName: operator.name,
    tensor: subgraph.tensors[number ?? -1]?.name ?? "",
    top,
  };
}

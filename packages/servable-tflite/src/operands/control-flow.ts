import type { Subgraph } from "../graph/graph.js";
import type { Evaluator } from "./evaluator.js";
import {
  type AbstractTensor,
  anyOf,
  holds,
  integerRange,
  joinTensors,
  unknownTensor,
} from "./values/abstract-tensor.js";
import { type Elements, hull, join, uniform } from "./values/elements.js";
import { type Extents, MAX_EXTENT, merged } from "./values/extent.js";
import type { OperatorView } from "./values/operator-view.js";

/** Returns the subgraphs that an operator runs on inputs that are not evaluated. */
export function subgraphsOf({
  name,
  operator: { options, options2 },
}: OperatorView): readonly number[] {
  if (name === "CALL_ONCE") return [options?.int32(0) ?? 0];
  if (name === "STABLEHLO_REDUCE" || name === "STABLEHLO_REDUCE_WINDOW") {
    return [options2?.int32(name === "STABLEHLO_REDUCE" ? 1 : 5) ?? 0];
  }
  if (name === "STABLEHLO_WHILE") return [options2?.int32(0) ?? 0, options2?.int32(1) ?? 0];
  if (name === "STABLEHLO_SCATTER") return [options2?.int32(6) ?? 0];
  if (name === "STABLEHLO_SORT") return [options2?.int32(2) ?? 0];
  if (name === "STABLEHLO_CASE") return options2?.int32s(0) ?? [];
  return [];
}

/** Returns the outputs of IF: the join of both branches. */
export function runIf(evaluator: Evaluator, op: OperatorView): AbstractTensor[] {
  const inputs = op.inputs.slice(1).map((_, i) => op.input(i + 1));
  const branches = [0, 1].map((field) => evaluator.subgraph(op.options?.int32(field) ?? 0));
  const [left, right] = branches.map((branch) => branch && evaluator.visited(branch, inputs));
  return op.outputs.map((_, i) => {
    const [a, b] = [left?.[i], right?.[i]];
    return a === undefined || b === undefined ? op.unknown(undefined, false, i) : joinTensors(a, b);
  });
}

/** Returns the outputs of STABLEHLO_COMPOSITE: those of its subgraph. */
export function runComposite(evaluator: Evaluator, op: OperatorView): AbstractTensor[] {
  const inputs = op.inputs.map((_, i) => op.input(i));
  const subgraph = evaluator.subgraph(op.operator.options2?.int32(1) ?? 0);
  const results = subgraph && evaluator.visited(subgraph, inputs);
  return op.outputs.map((_, i) => results?.[i] ?? op.unknown(undefined, false, i));
}

/** Iterations after which values that still change become unknown; and iterations that narrow them again. */
const WIDENING = 3;
const MAX_TURNS = 12;
const NARROWING = 2;

/**
 * Returns the outputs of WHILE: an invariant that holds before each iteration, found as a fixed point. Bounds that grow
 * become unknown, and the loop's condition then bounds counters again.
 */
export function runLoop(evaluator: Evaluator, op: OperatorView): AbstractTensor[] {
  const condition = evaluator.subgraph(op.options?.int32(0) ?? 0);
  const body = evaluator.subgraph(op.options?.int32(1) ?? 0);
  const initial = op.inputs.map((_, i) => op.input(i));
  if (condition === undefined || body === undefined) {
    return op.outputs.map((_, i) => op.unknown(undefined, false, i));
  }
  const turn = (state: readonly AbstractTensor[]) => {
    const results = evaluator.outputs(body, refined(evaluator, condition, state));
    return initial.map((start, i) => {
      const isKept = body.outputs[i] === body.inputs[i];
      const result = results[i];
      if (isKept) return start;
      return result === undefined
        ? unknownTensor(start.type, undefined, false)
        : joinTensors(start, result);
    });
  };
  let state: readonly AbstractTensor[] = initial;
  for (let i = 0; i < MAX_TURNS; i++) {
    const next = turn(state);
    if (next.every((tensor, at) => holds(state[at] as AbstractTensor, tensor))) break;
    if (i === MAX_TURNS - 1)
      state = initial.map(({ type }) => unknownTensor(type, undefined, false));
    else
      state =
        i < WIDENING ? next : next.map((tensor, at) => widen(state[at] as AbstractTensor, tensor));
  }
  // An iteration from a loop invariant yields another invariant, which is never wider.
  for (let i = 0; i < NARROWING; i++) state = turn(state);
  evaluator.visited(condition, state);
  evaluator.visited(body, refined(evaluator, condition, state));
  return [...state];
}

/** Widening: bounds that still move become the type's bounds; extents that still change become unknown. */
function widen(before: AbstractTensor, after: AbstractTensor): AbstractTensor {
  if (before === after) return after;
  return {
    ...after,
    shape: widenExtents(before.shape, after.shape),
    elements: widenElements(after.type, before.elements, after.elements),
    isExact: before.isExact && after.isExact,
    isShapeExact: before.isShapeExact && after.isShapeExact,
  };
}

function widenExtents(before: Extents, after: Extents): Extents {
  if (before === undefined || after === undefined || before.length !== after.length)
    return undefined;
  return after.map((each, i) => {
    const old = before[i];
    return old?.lo === each.lo && old.hi === each.hi ? each : merged(0, MAX_EXTENT);
  });
}

function widenElements(type: string, before: Elements, after: Elements): Elements {
  const [lo, hi] = hull(anyOf(type));
  const [old, now] = [hull(before), hull(join(before, after))];
  return uniform(now[0] < old[0] ? lo : now[0], now[1] > old[1] ? hi : now[1]);
}

/**
 * Returns the facts that hold in the body because the condition was true: bounds of inputs that it compares. Supports
 * LESS and the other comparisons, and LOGICAL_AND of them.
 */
function refined(
  evaluator: Evaluator,
  condition: Subgraph,
  state: readonly AbstractTensor[],
): AbstractTensor[] {
  const tensors = evaluator.run(condition, state, undefined);
  const result = [...state];
  const truths = [condition.outputs[0]];
  for (let i = 0; i < truths.length && i < MAX_TURNS; i++) {
    const source = condition.operators.findLast(({ outputs }) => outputs[0] === truths[i]);
    if (source === undefined) continue;
    if (source.name === "LOGICAL_AND") truths.push(source.inputs[0], source.inputs[1]);
    const bound = BOUNDS[source.name];
    if (bound === undefined) continue;
    const [left, right] = source.inputs as [number, number];
    const [a, b] = [left, right].map((number) => evaluator.tensor(condition, tensors, number)) as [
      AbstractTensor,
      AbstractTensor,
    ];
    narrow(condition, result, left, bound(hull(b.elements)));
    narrow(condition, result, right, (MIRRORED[source.name] as Bound)(hull(a.elements)));
  }
  return result;
}

type Range = readonly [number, number];
type Bound = (other: Range) => Range;

const below: Bound = ([, hi]) => [Number.NEGATIVE_INFINITY, hi - 1];
const atMost: Bound = ([, hi]) => [Number.NEGATIVE_INFINITY, hi];
const above: Bound = ([lo]) => [lo + 1, Number.POSITIVE_INFINITY];
const atLeast: Bound = ([lo]) => [lo, Number.POSITIVE_INFINITY];

/** The range of the left operand if a comparison is true, from the range of the right. */
const BOUNDS: Readonly<Record<string, Bound>> = {
  LESS: below,
  LESS_EQUAL: atMost,
  GREATER: above,
  GREATER_EQUAL: atLeast,
};
/** The range of the right operand, from the range of the left. */
const MIRRORED: Readonly<Record<string, Bound>> = {
  LESS: above,
  LESS_EQUAL: atLeast,
  GREATER: below,
  GREATER_EQUAL: atMost,
};

/** Narrows an input of the condition that is a scalar integer, also through RESHAPE. */
function narrow(condition: Subgraph, state: AbstractTensor[], number: number, bounds: Range): void {
  const reshaped = condition.operators.find(
    ({ name, outputs }) => outputs[0] === number && (name === "RESHAPE" || name === "SQUEEZE"),
  );
  const at = condition.inputs.indexOf(reshaped?.inputs[0] ?? number);
  const tensor = state[at];
  if (tensor === undefined || integerRange(tensor.type) === undefined) return;
  const isScalar = tensor.shape?.every(({ hi }) => hi <= 1) ?? false;
  const [lo, hi] = hull(tensor.elements);
  if (!isScalar || bounds[1] < lo || bounds[0] > hi) return;
  const elements = uniform(Math.max(lo, bounds[0]), Math.min(hi, bounds[1]));
  state[at] = { ...tensor, elements };
}

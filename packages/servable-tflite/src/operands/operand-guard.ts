import type { Tensors as NamedTensors, Tensor } from "@serving-kit/inference";
import { errors } from "../errors.js";
import type { Graph, Operator, Subgraph } from "../graph/graph.js";
import type { ModelSignature } from "../model-signature.js";
import { findUnshown, type LocatedFinding, needsChecks, type Requirements } from "./analysis.js";
import { RESULT } from "./checks/constraint.js";
import { Evaluator, type Tensors } from "./evaluator.js";
import {
  type AbstractTensor,
  anyOf,
  integerRange,
  unknownTensor,
} from "./values/abstract-tensor.js";
import type { Elements } from "./values/elements.js";
import { type Extent, extent, isKnown, unknownExtent } from "./values/extent.js";

/** Options of `OperandGuard`. */
export interface GuardOptions extends Requirements {
  /** True if operands that cannot be checked may have any value. */
  readonly allowsUnchecked: boolean;
}

/** Maximum elements to track one by one: before the inputs are known, and in a call. */
const LISTED = 256;
const LISTED_IN_CALL = 1 << 22;

/** Maximum number of shape sets whose outcome is cached. */
const KEPT_SHAPES = 64;

/** Extents to try for unknown ones when a model is loaded. */
const SAMPLES = [1, 2, 5, 16, 33, 128, 300];
/** In the last attempt, each unknown extent gets a different value. */
const DISTINCT = [7, 11, 13, 17, 19, 23, 29, 31];

/** The inputs whose values a call of some shapes needs: none or some. */
interface Plan {
  readonly tensors: Tensors;
  readonly operators: readonly Operator[];
  /** Indices among the subgraph's inputs. */
  readonly inputs: readonly number[];
}

/**
 * Checks before each call of a signature the values that its kernels do not check: values that become indices, sizes or
 * divisors. Checks that depend only on shapes run once per set of shapes.
 */
export class OperandGuard {
  /** Operands that can have any value and cannot be checked before the run. */
  readonly unchecked: readonly LocatedFinding[];
  readonly #graph: Graph;
  readonly #signature: ModelSignature;
  readonly #subgraph: Subgraph;
  readonly #options: GuardOptions;
  readonly #plans = new Map<string, Plan | undefined>();
  /** True if every call with the file's declared shapes is proven safe. */
  readonly #isShown: boolean;

  private constructor(graph: Graph, signature: ModelSignature, options: GuardOptions) {
    this.#graph = graph;
    this.#signature = signature;
    this.#subgraph = graph.subgraphs[signature.subgraph] as Subgraph;
    this.#options = options;
    this.#isShown = this.#analyse(this.#declared(unknownExtent)).findings.every(isIgnorable);
    this.unchecked = this.#isShown ? [] : this.#tryShapes();
  }

  /**
   * Returns a guard for a signature; undefined if no operator needs one. @throws RangeError if evaluation is
   * impossible.
   */
  static of(
    graph: Graph,
    signature: ModelSignature,
    options: GuardOptions,
  ): OperandGuard | undefined {
    return needsChecks(graph, options) ? new OperandGuard(graph, signature, options) : undefined;
  }

  /**
   * Checks the inputs of a call. Takes time linear in the elements of inputs that become operands; for new shapes, also
   * in the number of operators.
   *
   * @throws ServingError INVALID_ARGUMENT / OPERAND_OUT_OF_RANGE or TENSOR_TOO_LARGE.
   */
  check(inputs: NamedTensors): void {
    if (this.#isShown && this.#hasDeclaredShapes(inputs)) return;
    const key = this.#signature.inputs.map(({ name }) => inputs[name]?.shape.join()).join(";");
    const plan = this.#plans.has(key) ? this.#plans.get(key) : this.#plan(key, inputs);
    if (plan !== undefined) this.#checkValues(plan, inputs);
  }

  /**
   * The error of every call with the shapes that the file allocates, if these make a result that is too large for all
   * values of the inputs. The tensors must then not be allocated: they may need more memory than the machine has.
   */
  get problem(): Error | undefined {
    const { inputs, tensors } = this.#subgraph;
    const shapes = inputs.map((number) => tensors[number]?.shape ?? []);
    const abstract = this.#inputs(shapes.map((shape) => shape.map(extent)));
    const finding = this.#analyse(abstract).findings.find(({ isCertain }) => isCertain);
    const named = this.#signature.inputs.map(
      ({ name, index }) => [name, shapes[index] ?? []] as const,
    );
    return finding && outOfRange(finding, new Map(named));
  }

  #hasDeclaredShapes(inputs: NamedTensors): boolean {
    return this.#signature.inputs.every(({ name, spec }) => {
      const shape = inputs[name]?.shape ?? [];
      return spec.shape?.every((declared, i) => declared === -1 || declared === shape[i]) ?? false;
    });
  }

  #plan(key: string, inputs: NamedTensors): Plan | undefined {
    const shapes = this.#subgraph.inputs.map((_, place) => {
      const binding = this.#signature.inputs.find(({ index }) => index === place);
      return binding && inputs[binding.name]?.shape.map(extent);
    });
    const { findings, tensors } = this.#analyse(this.#inputs(shapes));
    const pending = findings.filter((finding) => this.#matters(finding));
    const plan = pending.length === 0 ? undefined : this.#slice(pending, tensors);
    if (this.#plans.size >= KEPT_SHAPES)
      this.#plans.delete(this.#plans.keys().next().value as string);
    this.#plans.set(key, plan);
    return plan;
  }

  /** A result of unknown size is accepted, and so are operands that were allowed. */
  #matters(finding: LocatedFinding): boolean {
    return finding.isExact || !(finding.isSafe || this.#options.allowsUnchecked);
  }

  #checkValues({ tensors, operators, inputs }: Plan, values: NamedTensors): void {
    const state = [...tensors];
    for (const place of inputs) {
      const number = this.#subgraph.inputs[place] as number;
      const name = this.#signature.inputs.find(({ index }) => index === place)?.name ?? "";
      state[number] = withValues(state[number] as AbstractTensor, values[name] as Tensor);
    }
    const evaluator = new Evaluator(this.#graph, LISTED_IN_CALL);
    const findings = findUnshown(evaluator, this.#subgraph, state, operators, this.#options);
    const finding = findings.find((each) => this.#matters(each));
    if (finding === undefined) return;
    const { inputs: bindings } = this.#signature;
    throw outOfRange(
      finding,
      new Map(bindings.map(({ name }) => [name, values[name]?.shape ?? []])),
    );
  }

  /** Selects the operators that have findings, and those that compute their operands from the values of inputs. */
  #slice(findings: readonly LocatedFinding[], tensors: Tensors): Plan {
    const { operators, inputs } = this.#subgraph;
    const wanted = new Set<Operator>(findings.map(({ top }) => top));
    const needed = new Set<number>();
    for (const operator of [...operators].reverse()) {
      if (!wanted.has(operator) && !operator.outputs.some((number) => needed.has(number))) continue;
      wanted.add(operator);
      for (const number of operator.inputs) {
        if (followsFromValues(tensors[number])) needed.add(number);
      }
    }
    const places = inputs.flatMap((number, place) => (needed.has(number) ? [place] : []));
    return { tensors, operators: operators.filter((each) => wanted.has(each)), inputs: places };
  }

  /** Returns the constraints that are not proven for every sampled shape. */
  #tryShapes(): LocatedFinding[] {
    let unshown: LocatedFinding[] | undefined;
    for (const sample of [...SAMPLES, undefined]) {
      const distinct = DISTINCT.values();
      const sampled = () => extent(sample ?? distinct.next().value ?? 1);
      const { findings } = this.#analyse(this.#declared(sampled));
      const keys = new Set(findings.filter((each) => !each.isExact && !each.isSafe).map(keyOf));
      unshown = (unshown ?? findings).filter((each) => keys.has(keyOf(each)));
      if (unshown.length === 0) break;
    }
    return unshown ?? [];
  }

  #analyse(inputs: readonly AbstractTensor[]): { findings: LocatedFinding[]; tensors: Tensors } {
    const evaluator = new Evaluator(this.#graph, LISTED);
    const tensors = evaluator.start(this.#subgraph, inputs);
    const { operators } = this.#subgraph;
    return {
      tensors,
      findings: findUnshown(evaluator, this.#subgraph, tensors, operators, this.#options),
    };
  }

  /** Returns inputs of the shapes that the file declares. */
  #declared(unknown: () => Extent): AbstractTensor[] {
    const shapes = this.#subgraph.inputs.map((_, place) =>
      this.#signature.inputs
        .find(({ index }) => index === place)
        ?.spec.shape?.map((each) => (each === -1 ? unknown() : extent(each))),
    );
    return this.#inputs(shapes);
  }

  #inputs(shapes: readonly (readonly Extent[] | undefined)[]): AbstractTensor[] {
    return this.#subgraph.inputs.map((number, place) => {
      const type = this.#subgraph.tensors[number]?.type?.name ?? "FLOAT32";
      const name = this.#signature.inputs.find(({ index }) => index === place)?.name;
      return {
        ...unknownTensor(type, shapes[place], shapes[place] !== undefined),
        // In a damaged file, an input may have no name, and so no value to read.
        isExact: name !== undefined && FOLLOWED.has(type),
        ...(name !== undefined && { source: name }),
      };
    });
  }
}

/** Types whose values are read from inputs. */
const FOLLOWED = new Set(["BOOL", "INT8", "UINT8", "INT16", "INT32", "INT64", "FLOAT32"]);

/** Findings that need no proof under any option: a result of unknown size, and values that kernels bound. */
const isIgnorable = ({ isExact, isSafe }: LocatedFinding) => !isExact && isSafe;

const keyOf = ({ subgraph, operator, operand }: LocatedFinding) =>
  `${subgraph} ${operator} ${operand}`;

function followsFromValues(tensor: AbstractTensor | undefined): boolean {
  if (tensor === undefined) return false;
  const isShapeOpen = tensor.isShapeExact && !(tensor.shape?.every(isKnown) ?? false);
  return isShapeOpen || (tensor.isExact && !isListed(tensor.elements));
}

const isListed = ({ lo, hi }: Elements) => lo === hi || lo.every((each, i) => each === hi[i]);

function withValues(tensor: AbstractTensor, { data }: Tensor): AbstractTensor {
  if (data.length > LISTED_IN_CALL) return { ...tensor, isExact: false };
  const lo = Float64Array.from(data as ArrayLike<number | bigint>, Number);
  const mayBeNaN = integerRange(tensor.type) === undefined && lo.some(Number.isNaN);
  return { ...tensor, mayBeNaN, elements: mayBeNaN ? anyOf(tensor.type) : { lo, hi: lo } };
}

/** Returns the error of a call with inputs of some shapes, by name. */
function outOfRange(
  finding: LocatedFinding,
  inputs: ReadonlyMap<string, readonly number[]>,
): Error {
  const shapes = [...inputs].map(([name, shape]) => `"${name}" [${shape}]`).join(", ");
  const place = `${finding.operatorName} (operator ${finding.operator}, tensor "${finding.tensor}")`;
  return finding.operand === RESULT
    ? errors.tensorTooLarge({ ...finding, place, shapes })
    : errors.operandOutOfRange({ ...finding, place, shapes });
}

import type { Tensor, Tensors } from "@serving-kit/inference";
import { addressOf, type NativeExecutor, type RunPlan } from "@serving-kit/native-library";
import type { Bindings, ShapeRuns } from "./bindings.js";
import type { CStrings } from "./c-strings.js";
import { sameShape } from "./tensor-values.js";

/** Maximum number of shape sets that keep bindings; the least recently used one is dropped first. */
const MAX_SHAPES = 64;

/** A combination of inputs and outputs that runs of a session request, and the facts about such runs. */
export class Selection {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Arrays of the addresses of their names. The addresses stay valid as long as the arrays are kept. */
  readonly names: { readonly inputs: BigUint64Array; readonly outputs: BigUint64Array };
  readonly addresses: { readonly inputs: bigint; readonly outputs: bigint };
  /** True if outputs can be bound to memory before a run. */
  canBind: boolean;
  readonly #executor: NativeExecutor;
  readonly #bindings: Bindings;
  readonly #runs = new Map<string, ShapeRuns>();
  #last: ShapeRuns | undefined;

  constructor(
    executor: NativeExecutor,
    bindings: Bindings,
    strings: CStrings,
    names: Pick<Selection, "inputs" | "outputs">,
  ) {
    this.inputs = names.inputs;
    this.outputs = names.outputs;
    this.names = {
      inputs: strings.pointersOf(names.inputs),
      outputs: strings.pointersOf(names.outputs),
    };
    this.addresses = {
      inputs: addressOf(this.names.inputs),
      outputs: addressOf(this.names.outputs),
    };
    // An output that is itself an input is not written to the memory that it is bound to.
    this.canBind = !names.outputs.some((name) => names.inputs.includes(name));
    this.#executor = executor;
    this.#bindings = bindings;
  }

  /** Returns the tensors of the selection's inputs, in order. */
  tensorsOf(inputs: Tensors): Tensor[] {
    const tensors = new Array<Tensor>(this.inputs.length);
    for (let i = 0; i < tensors.length; i++) {
      tensors[i] = inputs[this.inputs[i] as string] as Tensor;
    }
    return tensors;
  }

  /** The plan of the runs with the shapes of the last one. */
  get lastPlan(): RunPlan | undefined {
    return this.#last?.plan;
  }

  /** Returns the runs whose inputs have these shapes. */
  runsOf(tensors: readonly Tensor[]): ShapeRuns {
    const last = this.#last;
    if (last !== undefined && haveForms(tensors, last)) return last;
    const key = tensors.map(({ shape }) => shape.join()).join("|");
    let runs = this.#runs.get(key);
    if (runs === undefined) {
      const kind = `${this.inputs.join()} ${this.outputs.join()} ${key}`;
      const inputs = tensors.map(({ dtype, shape }) => ({ dtype, shape: [...shape] }));
      runs = {
        plan: this.#executor.plan(kind),
        inputs,
        outputs: undefined,
        idle: [],
        isForgotten: false,
      };
    }
    this.#runs.delete(key);
    this.#runs.set(key, runs);
    if (this.#runs.size > MAX_SHAPES) this.#forgetOldest();
    this.#last = runs;
    return runs;
  }

  /** Frees the bindings of all runs that are not in flight, and the others when they end. */
  forget(): void {
    for (const runs of this.#runs.values()) this.#bindings.forget(runs);
    this.#runs.clear();
    this.#last = undefined;
  }

  #forgetOldest(): void {
    const [[key, runs] = []] = this.#runs;
    if (key === undefined || runs === undefined) return;
    this.#runs.delete(key);
    this.#bindings.forget(runs);
  }
}

function haveForms(tensors: readonly Tensor[], { inputs }: ShapeRuns): boolean {
  for (let i = 0; i < tensors.length; i++) {
    const { shape } = tensors[i] as Tensor;
    if (!sameShape(shape, inputs[i]?.shape ?? null)) return false;
  }
  return true;
}

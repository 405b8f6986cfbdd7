import { callOnThread } from "@serving-kit/native-library";
import { errors } from "../errors.js";
import { isResource, type VariableNode } from "../variables/variable-nodes.js";
import type { VariableTwin } from "../variables/variable-twins.js";
import type { Bindings } from "./bindings.js";
import { callerThreadOptions } from "./caller-thread.js";
import { encodeOutputs, type SavedModelSession } from "./saved-model-session.js";
import { giveStatus, type Status, takeStatus } from "./status.js";
import { TensorMemory } from "./tensor-memory.js";

/** A TF_Output as it is passed by value. */
interface Output {
  readonly operation: bigint;
  readonly index: number;
}

/** Prefix of the names of ops that are added to a graph. */
const SCOPE = "serving_kit";

/**
 * Queries and sets the variables of a session, through ops that it adds to the session's graph. Use it only before
 * other threads have the session: the graph grows, and no run may be in flight.
 */
export class SessionVariables {
  readonly #bindings: Bindings;
  readonly #session: SavedModelSession;
  readonly #path: string;
  #added = 0;

  constructor(bindings: Bindings, session: SavedModelSession, path: string) {
    this.#bindings = bindings;
    this.#session = session;
    this.#path = path;
  }

  /** Returns the names of the variables that have a value. Pass at least one variable. */
  async initialized(variables: readonly VariableNode[]): Promise<ReadonlySet<string>> {
    const status = takeStatus(this.#bindings);
    try {
      const answers = variables.map((variable) => {
        const type = isResource(variable) ? "VarIsInitializedOp" : "IsVariableInitialized";
        return this.#add(status, type, [this.#output(variable.name)]);
      });
      const packed = this.#add(status, "Pack", [answers]);
      const isSet = await this.#run(status, [packed], []);
      return new Set(variables.map(({ name }) => name).filter((_, i) => isSet[i] === 1));
    } finally {
      giveStatus(this.#bindings, status);
    }
  }

  /** Assigns to each original the value of its copy. They share memory until one of them changes. */
  async assignCopies(twins: readonly VariableTwin[]): Promise<void> {
    const status = takeStatus(this.#bindings);
    try {
      const assignments = twins.map(({ original, copy, dataType }) => {
        const value = this.#add(status, "ReadVariableOp", [this.#output(copy.name)], dataType);
        return this.#add(
          status,
          "AssignVariableOp",
          [this.#output(original.name), value],
          dataType,
        );
      });
      await this.#run(status, [], assignments);
    } finally {
      giveStatus(this.#bindings, status);
    }
  }

  /** Adds an op, whose inputs are outputs of other ops or lists of outputs; returns its first output. */
  #add(
    status: Status,
    type: string,
    inputs: readonly (Output | readonly Output[])[],
    dtype?: number,
  ): Output {
    const { newOperation, addInput, addInputList, setAttrType, finishOperation } = this.#bindings;
    const description: bigint = newOperation(
      this.#session.graph,
      type,
      `${SCOPE}/${this.#added++}`,
    );
    for (const input of inputs) {
      if ("operation" in input) addInput(description, input);
      else addInputList(description, encodeOutputs(input), input.length);
    }
    if (dtype !== undefined) setAttrType(description, "dtype", dtype);
    const operation: bigint | null = finishOperation(description, status.pointer);
    this.#check(status);
    return { operation: operation as bigint, index: 0 };
  }

  #output(name: string): Output {
    const operation: bigint | null = this.#bindings.operationByName(this.#session.graph, name);
    if (operation !== null) return { operation, index: 0 };
    throw errors.loadFailed(this.#path, "INTERNAL", `the graph has no operation ${name}`, "");
  }

  /** Runs off the event loop; returns the elements of the fetched tensor, if there is one. */
  async #run(
    status: Status,
    fetched: readonly Output[],
    targets: readonly Output[],
  ): Promise<ArrayLike<unknown>> {
    const results = new BigUint64Array(fetched.length);
    const operations = BigUint64Array.from(targets, ({ operation }) => operation);
    await callOnThread(
      this.#bindings.run,
      ...[this.#session.pointer, callerThreadOptions(this.#bindings), null, null, 0],
      ...[encodeOutputs(fetched), results, fetched.length],
      ...[operations, operations.length, null, status.pointer],
    );
    this.#check(status);
    const memory = new TensorMemory(this.#bindings);
    memory.own(fetched.length);
    return results[0] === undefined ? [] : memory.read(results[0]).data;
  }

  #check(status: Status): void {
    if (!status.isOk) throw errors.loadFailed(this.#path, status.code, status.message, "");
  }
}

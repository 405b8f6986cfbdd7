import type { Signature } from "@serving-kit/inference";
import { callOnThread, isVersionWithin } from "@serving-kit/native-library";
import { errors } from "../errors.js";
import type { MetaGraph } from "../saved-model.js";
import type { Bindings } from "./bindings.js";
import { INSTALL_COMMAND, type TensorFlow } from "./library.js";
import { counts } from "./native-counts.js";
import { ownPool } from "./own-pool.js";
import { giveStatus, type Status, takeStatus } from "./status.js";

/** `ConfigProto { intra_op_parallelism_threads: 1 }` of config.proto. Of two values, the later one applies. */
const ONE_THREAD = Uint8Array.of(0x10, 0x01);

/** The source of a session. */
export interface SessionSource {
  /** The folder of the SavedModel. */
  readonly path: string;
  readonly graph: MetaGraph;
  /** A serialized `ConfigProto`; empty for TensorFlow's defaults. */
  readonly config: Uint8Array;
  /**
   * True if an op uses no other thread than the one that runs it, whatever `config` says. Ignored if sessions of this
   * TensorFlow always share their threads.
   */
  readonly usesOneThread?: boolean;
}

/** One output of an operation of the graph, to feed or fetch. A plain object, to share with other threads. */
export interface GraphTensor {
  /** The name in the signature. */
  readonly name: string;
  /** The address of the TF_Operation, which belongs to the graph. */
  readonly operation: bigint;
  readonly index: number;
}

/** The tensors of a signature in the graph. */
export interface SignatureTensors {
  readonly inputs: readonly GraphTensor[];
  readonly outputs: readonly GraphTensor[];
}

/** Matches TensorFlow's messages for a graph with an unknown attribute or type. */
const UNKNOWN_IN_GRAPH = /NodeDef mentions attr|invalid DataType enum/;

/** A TF_Session with its TF_Graph, made from a SavedModel. Owns both. */
export class SavedModelSession {
  readonly pointer: bigint;
  /** The address of the TF_Graph. */
  readonly graph: bigint;
  readonly tensors: ReadonlyMap<string, SignatureTensors>;
  readonly #bindings: Bindings;
  #closed: Promise<void> | undefined;

  private constructor(
    bindings: Bindings,
    pointer: bigint,
    graph: bigint,
    tensors: ReadonlyMap<string, SignatureTensors>,
  ) {
    this.#bindings = bindings;
    this.pointer = pointer;
    this.graph = graph;
    this.tensors = tensors;
  }

  /** Loads on a thread of libuv's pool: restores variables and runs the model's initialization. */
  static async load(tensorflow: TensorFlow, source: SessionSource): Promise<SavedModelSession> {
    const { bindings } = tensorflow;
    const graph: bigint = bindings.newGraph();
    const options: bigint = bindings.newOptions();
    const status = takeStatus(bindings);
    let session: bigint | null = null;
    try {
      const inOwnPool = source.usesOneThread ? ownPool(tensorflow) : undefined;
      const config = inOwnPool ? Buffer.concat([source.config, ONE_THREAD]) : source.config;
      configure(bindings, options, config, status);
      const { tags } = source.graph;
      const folder = source.path;
      const make = () =>
        callOnThread<bigint | null>(
          bindings.loadSavedModel,
          ...[options, null, folder, [...tags], tags.length, graph, null, status.pointer],
        );
      session = await (inOwnPool ? inOwnPool(make) : make());
      if (session === null || !status.isOk) throw loadError(tensorflow, source, status);
      counts.sessions++;
      const tensors = resolveTensors(bindings, graph, source);
      return new SavedModelSession(bindings, session, graph, tensors);
    } catch (error) {
      if (session === null) bindings.deleteGraph(graph);
      else await new SavedModelSession(bindings, session, graph, new Map()).close();
      throw error;
    } finally {
      bindings.deleteOptions(options);
      giveStatus(bindings, status);
    }
  }

  /** Frees the session and its variables. No run may be in flight. Idempotent. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    const { closeSession, deleteSession, deleteGraph } = this.#bindings;
    const status = takeStatus(this.#bindings);
    // The status is ignored, because the session is freed in any case.
    await callOnThread(closeSession, this.pointer, status.pointer);
    await callOnThread(deleteSession, this.pointer, status.pointer);
    await callOnThread(deleteGraph, this.graph);
    giveStatus(this.#bindings, status);
    counts.sessions--;
  }
}

function configure(bindings: Bindings, options: bigint, config: Uint8Array, status: Status): void {
  if (config.length === 0) return;
  bindings.setConfig(options, config, config.length, status.pointer);
  if (!status.isOk) throw errors.sessionOptionsRefused(status.code, status.message);
}

function loadError({ library }: TensorFlow, { path, graph }: SessionSource, status: Status): Error {
  const op = /Op type not registered '([^']*)'/.exec(status.message)?.[1];
  const written = graph.tensorflowVersion;
  const isOlder = /^\d/.test(written) && !isVersionWithin(library.version, { atLeast: written });
  let hint = "";
  if (isOlder && (op !== undefined || UNKNOWN_IN_GRAPH.test(status.message))) {
    hint = `. The library is TensorFlow ${library.version} (${library.origin}), older than ${written}, which wrote the model: use one that is as new (${INSTALL_COMMAND})`;
  } else if (op !== undefined) {
    hint = `. If ${op} is a custom op, pass the path of its library in the option opLibraries; the ops of TF Text and Decision Forests are in the Python packages tensorflow-text and ydf-tf, of the same TensorFlow version as the library (${library.version})`;
  }
  return errors.loadFailed(path, status.code, status.message, hint, op);
}

function resolveTensors(
  bindings: Bindings,
  graph: bigint,
  { path, graph: { signatures } }: SessionSource,
): ReadonlyMap<string, SignatureTensors> {
  const resolve = (signature: string, specs: Signature["inputs"]): GraphTensor[] =>
    [...specs].map(([name, { nativeName = "" }]) => {
      const tensor = findTensor(bindings, graph, nativeName);
      if (tensor === undefined) {
        throw errors.tensorNotInGraph(path, signature, name, nativeName);
      }
      return { name, ...tensor };
    });
  return new Map(
    [...signatures].map(([name, { inputs, outputs }]) => [
      name,
      { inputs: resolve(name, inputs), outputs: resolve(name, outputs) },
    ]),
  );
}

/** Returns the tensor `operation:index`, or for `operation`, its first output. */
function findTensor(
  bindings: Bindings,
  graph: bigint,
  name: string,
): Omit<GraphTensor, "name"> | undefined {
  const [, operationName = "", digits = "0"] = /^([^:\0]+)(?::(\d{1,9}))?$/.exec(name) ?? [];
  const operation: bigint | null = bindings.operationByName(graph, operationName);
  const index = Number(digits);
  if (operation === null || index >= bindings.outputCount(operation)) return undefined;
  return { operation, index };
}

/** Bytes of a TF_Output: { TF_Operation *oper; int index; }, padded. */
const TF_OUTPUT_BYTES = 16;

/** Encodes an array of TF_Output, which runs take for the tensors to feed and to fetch. */
export function encodeOutputs(
  tensors: readonly Pick<GraphTensor, "operation" | "index">[],
): Uint8Array {
  const list = Buffer.alloc(TF_OUTPUT_BYTES * tensors.length);
  tensors.forEach(({ operation, index }, i) => {
    list.writeBigUInt64LE(operation, TF_OUTPUT_BYTES * i);
    list.writeInt32LE(index, TF_OUTPUT_BYTES * i + 8);
  });
  return list;
}

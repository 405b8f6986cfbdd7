import { type MemoryAllowance, OBJECT_BYTES } from "@serving-kit/inference";
import { type ModelSpec, readModelSpec, WIRE, WireReader } from "@serving-kit/tensorflow-wire";

/** A ClassificationRequest or RegressionRequest. */
export interface ExamplesRequest {
  readonly modelSpec: ModelSpec | undefined;
  /** Serialized `tf.Example` messages: views of the request, or copies that are joined with the context. */
  readonly examples: readonly Uint8Array[];
}

/** One task of a MultiInferenceRequest. */
export interface InferenceTask {
  readonly modelSpec: ModelSpec | undefined;
  readonly methodName: string;
}

/**
 * Reads a ClassificationRequest or a RegressionRequest: model_spec = 1, input = 2. The examples are not parsed, because
 * the model does that.
 *
 * @throws ServingError INVALID_ARGUMENT / MESSAGE_INVALID, and errors of the allowance.
 */
export function readExamplesRequest(
  bytes: Uint8Array,
  allowance: MemoryAllowance,
): ExamplesRequest {
  const reader = new WireReader(bytes);
  let modelSpec: ModelSpec | undefined;
  let examples: readonly Uint8Array[] = [];
  while (reader.hasMore) {
    const tag = reader.tag();
    if (tag === ((1 << 3) | WIRE.bytes)) modelSpec = readModelSpec(reader.message());
    else if (tag === ((2 << 3) | WIRE.bytes)) examples = readInput(reader.message(), allowance);
    else reader.skip(tag);
  }
  return { modelSpec, examples };
}

/** Reads a MultiInferenceRequest: tasks = 1, input = 2. Throws as `readExamplesRequest` does. */
export function readMultiInferenceRequest(
  bytes: Uint8Array,
  allowance: MemoryAllowance,
): {
  readonly tasks: readonly InferenceTask[];
  readonly examples: readonly Uint8Array[];
} {
  const reader = new WireReader(bytes);
  const tasks: InferenceTask[] = [];
  let examples: readonly Uint8Array[] = [];
  while (reader.hasMore) {
    const tag = reader.tag();
    if (tag === ((1 << 3) | WIRE.bytes)) {
      allowance.take(OBJECT_BYTES.entry);
      tasks.push(readTask(reader.message()));
    } else if (tag === ((2 << 3) | WIRE.bytes)) examples = readInput(reader.message(), allowance);
    else reader.skip(tag);
  }
  return { tasks, examples };
}

function readTask(reader: WireReader): InferenceTask {
  let modelSpec: ModelSpec | undefined;
  let methodName = "";
  while (reader.hasMore) {
    const tag = reader.tag();
    if (tag === ((1 << 3) | WIRE.bytes)) modelSpec = readModelSpec(reader.message());
    else if (tag === ((2 << 3) | WIRE.bytes)) methodName = reader.string();
    else reader.skip(tag);
  }
  return { modelSpec, methodName };
}

/** Reads `Input`: example_list = 1 or example_list_with_context = 2. If both occur, the last one counts. */
function readInput(reader: WireReader, allowance: MemoryAllowance): readonly Uint8Array[] {
  let examples: readonly Uint8Array[] = [];
  while (reader.hasMore) {
    const tag = reader.tag();
    if (tag === ((1 << 3) | WIRE.bytes) || tag === ((2 << 3) | WIRE.bytes)) {
      examples = readExampleList(reader.message(), allowance);
    } else reader.skip(tag);
  }
  return examples;
}

/**
 * Reads the serialized examples = 1 of a list, each joined with the context = 2 if there is one. Two concatenated
 * serialized messages are the serialization of their merge.
 */
function readExampleList(reader: WireReader, allowance: MemoryAllowance): readonly Uint8Array[] {
  allowance.take(reader.count((1 << 3) | WIRE.bytes) * OBJECT_BYTES.view);
  const examples: Uint8Array[] = [];
  let context: Uint8Array | undefined;
  while (reader.hasMore) {
    const tag = reader.tag();
    if (tag === ((1 << 3) | WIRE.bytes)) examples.push(reader.content());
    else if (tag === ((2 << 3) | WIRE.bytes)) context = reader.content();
    else reader.skip(tag);
  }
  if (context === undefined) return examples;
  const prefix = context;
  allowance.take((prefix.length + OBJECT_BYTES.view) * examples.length + reader.bytes.length);
  return examples.map((example) => Buffer.concat([prefix, example]));
}

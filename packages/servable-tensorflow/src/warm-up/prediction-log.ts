import { join } from "node:path";
import { messageOf } from "@serving-kit/core";
import { gatedFiles, readFileOf, type Tensors, tensor } from "@serving-kit/inference";
import { tfRecords } from "@serving-kit/tensorflow-wire";
import { errors } from "../errors.js";
import type { ExamplesInput, ModelSpec, PredictionLog } from "../proto/messages.js";
import { predictionLogType } from "../proto/schema.js";
import { tensorFromProto } from "../proto/tensor-proto.js";
import type { WarmUpRequest } from "./warm-up-request.js";

/** The path of the warm-up requests that TF Serving reads inside a SavedModel. */
export const WARM_UP_FILE = "assets.extra/tf_serving_warmup_requests";

/** Maximum number of records in TF Serving; with more, a load fails. */
const MAX_WARM_UP_RECORDS = 1000;

const MAX_BYTES = 2 ** 31 - 1;

/** The input of a signature for classification or regression. */
const EXAMPLES_INPUT = "inputs";

/**
 * Reads the warm-up requests of a SavedModel: a TFRecord file of `PredictionLog`. Returns none if the file does not
 * exist. Classify, regress and multi-inference records become calls of their signatures with serialized examples.
 *
 * @throws ServingError DATA_LOSS / WARM_UP_INVALID, INVALID_ARGUMENT / WARM_UP_TOO_LONG.
 */
export async function readWarmUpRequests(path: string): Promise<readonly WarmUpRequest[]> {
  const file = join(path, WARM_UP_FILE);
  const stats = await gatedFiles.stat(file).catch(() => undefined);
  if (stats === undefined) return [];
  if (stats.size > MAX_BYTES) throw errors.warmUpInvalid(file, `it has ${stats.size} bytes`);
  const requests: WarmUpRequest[] = [];
  let records = 0;
  try {
    for (const bytes of tfRecords(await readFileOf(file))) {
      const record = records++;
      if (records > MAX_WARM_UP_RECORDS) break;
      requests.push(...requestsOf(bytes).map((request) => ({ ...request, record })));
    }
  } catch (error) {
    throw errors.warmUpInvalid(file, messageOf(error), error);
  }
  if (records > MAX_WARM_UP_RECORDS) throw errors.warmUpTooLong(file, MAX_WARM_UP_RECORDS);
  return requests;
}

/** Returns the calls of one record. Absent fields have protobuf's defaults; a record without a log has no calls. */
function requestsOf(record: Uint8Array): readonly WarmUpRequest[] {
  const log = predictionLogType.decode(record) as unknown as PredictionLog;
  if (log.predictLog) {
    const { modelSpec, inputs = {}, outputFilter: outputs = [] } = log.predictLog.request ?? {};
    const entries = Object.entries(inputs).map(([name, proto]) => {
      return [name, tensorFromProto(proto)] as const;
    });
    return [{ inputs: Object.fromEntries(entries), outputs, ...named(modelSpec) }];
  }
  const examples = log.classifyLog ?? log.regressLog;
  if (examples) {
    const { input, modelSpec } = examples.request ?? {};
    return [{ inputs: examplesOf(input), ...named(modelSpec) }];
  }
  if (log.multiInferenceLog) {
    const { input, tasks = [] } = log.multiInferenceLog.request ?? {};
    const inputs = examplesOf(input);
    return tasks.map(({ modelSpec }) => ({ inputs, ...named(modelSpec) }));
  }
  const unsupported = log.sessionRunLog ? 5 : log.predictStreamedLog ? 7 : undefined;
  if (unsupported === undefined) return [];
  throw new Error(`Unsupported log_type for warmup: ${unsupported}`);
}

function named(modelSpec: ModelSpec | null | undefined): { signature?: string } {
  return modelSpec?.signatureName ? { signature: modelSpec.signatureName } : {};
}

/** Concatenated serialized messages are merged: this adds the context to each example. */
function examplesOf(input: ExamplesInput | null | undefined): Tensors {
  const withContext = input?.exampleListWithContext;
  const examples = withContext
    ? withContext.examples.map((example) => Buffer.concat([withContext.context, example]))
    : (input?.exampleList?.examples ?? []);
  if (examples.length === 0) throw new Error("a record has no examples");
  return { [EXAMPLES_INPUT]: tensor("string", [examples.length], [...examples]) };
}

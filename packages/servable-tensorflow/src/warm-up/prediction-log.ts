import { join } from "node:path";
import { messageOf } from "@serving-kit/core";
import { gatedFiles, readFileOf, type Tensors, tensor } from "@serving-kit/inference";
import { tfRecords } from "@serving-kit/tensorflow-wire";
import { errors } from "../errors.js";
import type { ExamplesInput, ModelSpec, PredictionLog } from "../proto/messages.js";
import { predictionLogType } from "../proto/schema.js";
import { tensorFromProto } from "../proto/tensor-proto.js";
import type { WarmUpRequest } from "./warm-up-request.js";

/** Where TF Serving looks for warm-up requests, inside a SavedModel. */
export const WARM_UP_FILE = "assets.extra/tf_serving_warmup_requests";

/** The most records that TF Serving takes; with more a load fails. */
const MAX_WARM_UP_RECORDS = 1000;

const MAX_BYTES = 2 ** 31 - 1;

/** The input of a signature for classification or regression. */
const EXAMPLES_INPUT = "inputs";

/**
 * Reads the warm-up requests of a SavedModel: a TFRecord file of `PredictionLog`. A missing file is
 * fine and gives none. Classify, regress and multi-inference records become calls of their
 * signatures with serialized examples.
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

/** The calls of one record. Fields that are absent have protobuf's defaults; without a log there is none. */
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

/** Serialized messages that follow one another are merged: so a context joins its example. */
function examplesOf(input: ExamplesInput | null | undefined): Tensors {
  const withContext = input?.exampleListWithContext;
  const examples = withContext
    ? withContext.examples.map((example) => Buffer.concat([withContext.context, example]))
    : (input?.exampleList?.examples ?? []);
  if (examples.length === 0) throw new Error("a record has no examples");
  return { [EXAMPLES_INPUT]: tensor("string", [examples.length], [...examples]) };
}

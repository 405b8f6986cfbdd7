import { messageOf } from "@serving-kit/core";
import {
  DEFAULT_SIGNATURE,
  formatSignature,
  formatVerdict,
  type ModelInspection,
} from "@serving-kit/inference";
import { externalFiles, missingExternalData } from "./external-data.js";
import type { ClassLabels, ModelFacts } from "./file/model-facts.js";
import { findModel } from "./find-model.js";
import type { OnnxOptions } from "./options.js";
import { readModel } from "./read-model.js";
import { verdictOfFile } from "./rows/graph-rows.js";
import { type ServedSignature, servedSignature } from "./served-model.js";

/** Maximum number of labels and operators in a line. */
const MAX_LISTED = 20;

/** Describes the model at a path from its files alone. @throws ServingError as `findModel` and `readModel` do. */
export async function inspectModel(path: string, options: OnnxOptions): Promise<ModelInspection> {
  const file = await findModel(path, options.file);
  const { bytes, facts } = await readModel(file);
  const problems: string[] = [];
  let served: ServedSignature | undefined;
  try {
    const missing = await missingExternalData(file, facts);
    if (missing !== undefined) problems.push(`not complete: ${missing}`);
    served = servedSignature(file, facts);
  } catch (error) {
    problems.push(messageOf(error));
  }
  const lines = [
    `${file}: ONNX model, ${bytes.length} bytes`,
    ...describe(file, facts).map((line) => `  ${line}`),
    ...(served ? describeSignature(served) : problems).map((line) => `  ${line}`),
    ...(served ? [`  ${describeRows(bytes, facts, served)}`] : []),
  ];
  return { description: lines.join("\n"), problems };
}

function describe(file: string, facts: ModelFacts): string[] {
  const { producer, opsets, irVersion, operators } = facts;
  const sets = [...opsets].map(([domain, version]) => `${domain || "ai.onnx"} ${version}`);
  const sorted = [...operators].sort((a, b) => b[1] - a[1]);
  const listed = sorted.slice(0, MAX_LISTED).map(([name, n]) => (n > 1 ? `${name} (${n})` : name));
  const rest = sorted.length - listed.length;
  const external = facts.external.length > 0 ? filesOf(file, facts) : [];
  return [
    `format: IR version ${irVersion}, operator sets ${sets.join(", ")}`,
    ...(producer === "" ? [] : [`written by: ${producer}`]),
    `operators: ${listed.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`,
    ...(external.length > 0 ? [`tensors in: ${external.join(", ")}`] : []),
  ];
}

function filesOf(file: string, facts: ModelFacts): readonly string[] {
  try {
    return externalFiles(file, facts);
  } catch {
    return []; // reported as a problem of the model
  }
}

function describeRows(
  bytes: Uint8Array,
  facts: ModelFacts,
  { signature }: ServedSignature,
): string {
  const outputs = facts.outputs.map(({ name }) => name);
  return formatVerdict(DEFAULT_SIGNATURE, verdictOfFile(bytes, facts, signature, outputs));
}

function describeSignature({ signature, labels }: ServedSignature): string[] {
  return [
    ...formatSignature(DEFAULT_SIGNATURE, signature),
    ...[...labels].map(([, { of, values }]) => `classes of ${of}: ${listLabels(values)}`),
  ];
}

function listLabels({ dtype, values }: ClassLabels): string {
  const decode = (value: bigint | Uint8Array) =>
    typeof value === "bigint" ? String(value) : JSON.stringify(Buffer.from(value).toString());
  const listed = values.slice(0, MAX_LISTED).map(decode);
  const rest = values.length - listed.length;
  return `${dtype} ${listed.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}

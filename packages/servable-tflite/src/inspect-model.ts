import { messageOf } from "@serving-kit/core";
import {
  type Delegation,
  formatSignature,
  formatVerdict,
  type ModelInspection,
} from "@serving-kit/inference";
import { runInCanary } from "@serving-kit/native-library";
import { canaryModule } from "./canary-module.js";
import { describeRuntime } from "./describe-runtime.js";
import { inspectFile } from "./inspect-file.js";
import { examineTflite } from "./library-report.js";
import { loadModel } from "./load-model.js";
import type { ModelState } from "./model-state.js";
import type { TfliteOptions } from "./options.js";
import {
  type RuntimeRequirements,
  unmetRequirements,
} from "./requirements/runtime-requirements.js";

const TIMEOUT_MS = 60_000;

/**
 * Describes a `.tflite` model: the runtime that would run it and why, the runtime that it needs, XNNPACK's share,
 * state, operators, unchecked operands, signatures. A child process tries libraries and models first.
 *
 * @throws ServingError as `inspectTflite` does.
 */
export async function inspectModel(path: string, options: TfliteOptions): Promise<ModelInspection> {
  const inspection = await inspectFile(path);
  const { bytes, exampleInputs, requirements, state, signatures } = inspection;
  const { opened: library } = await examineTflite(options.library);
  const unmet = library === undefined ? [] : await unmetRequirements(requirements, library);
  const cannotRun = unmet.map((reason) => `cannot run: it ${reason}`);
  const operands = library === undefined ? [] : inspection.uncheckedOperands(library.version);
  const unchecked = operands.map(
    ({ signature, operator, operand, tensor }) =>
      `unchecked: ${operand} of ${operator} (tensor "${tensor}", signature ${signature}); loads only with option uncheckedOps: "allow"`,
  );
  const facts = [
    `runtime: ${library ? describeRuntime(library) : "none opens; `serving-kit doctor` says why"}`,
    `needs: ${describeNeeds(requirements)}`,
    ...cannotRun,
    ...(library && unmet.length === 0
      ? [`XNNPACK: ${await describeDelegation(inspection.path, options)}`]
      : []),
    `state: ${STATES[state]}`,
    `operators: ${describeOperators(requirements)}`,
    ...Array.from(inspection.rowVerdicts, (entry) => formatVerdict(...entry)),
    ...unchecked,
    ...exampleInputs.map((name) => `input ${name}: tf.Example, parsed before TensorFlow Lite runs`),
  ];
  const lines = [...signatures].flatMap(([name, signature]) => formatSignature(name, signature));
  const description = [
    `${inspection.path}: TensorFlow Lite model of ${bytes.toLocaleString("en")} bytes`,
    ...[...facts, ...lines].map((line) => `  ${line}`),
  ].join("\n");
  const refused = options.uncheckedOps === "allow" ? [] : unchecked;
  return { description, problems: [...cannotRun, ...refused] };
}

/** Describes the values that a call sees in the variables of a model. */
const STATES: Record<ModelState, string> = {
  none: "none",
  variables: 'variable tensors, reset for each call unless option state: "keep" is set',
  resources:
    'resource variables, in a new interpreter for each call unless option state: "keep" is set',
};

function describeNeeds({ runtime, minRuntimeVersion }: RuntimeRequirements): string {
  const needs =
    runtime === undefined ? "an unknown TensorFlow Lite" : `TensorFlow Lite >= ${runtime}`;
  return minRuntimeVersion === undefined
    ? needs
    : `${needs} (the converter wrote ${minRuntimeVersion})`;
}

function describeOperators({ operators }: RuntimeRequirements): string {
  const described = operators.map(({ name, version, kind, count }) => {
    const title = kind === "builtin" ? `${name} version ${version}` : `${kind} ${name}`;
    return count === 1 ? title : `${title} (${count})`;
  });
  return described.join(", ") || "none";
}

/** Loads the model in a child process first, because a file can crash the process that loads it. */
async function describeDelegation(path: string, options: TfliteOptions): Promise<string> {
  const argument = { path, options: { ...options, warmup: false } };
  const task = { what: path, module: canaryModule, exportName: "tryModel", argument };
  try {
    await runInCanary({ ...task, timeoutMs: TIMEOUT_MS });
    const delegation = await delegationOf(path, options);
    if (delegation === undefined) return "known when a call has shapes for the inputs";
    return `runs ${delegation.delegated} of ${delegation.operators} operators`;
  } catch (error) {
    return `the model does not load: ${messageOf(error)}`;
  }
}

/**
 * Loads the model at a path, without running it, and returns the part of it that XNNPACK runs. Undefined if there is no
 * XNNPACK, or if the shapes of its inputs are known only in a call.
 *
 * @throws ServingError as loading does.
 */
async function delegationOf(
  folderOrFile: string,
  options: TfliteOptions,
): Promise<Delegation | undefined> {
  const predictor = await loadModel(folderOrFile, { ...options, warmup: false });
  const { delegation } = predictor;
  await predictor[Symbol.asyncDispose]();
  return delegation;
}

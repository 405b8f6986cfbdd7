import { messageOf } from "@serving-kit/core";
import { formatSignature } from "@serving-kit/inference";
import { runInCanary } from "@serving-kit/native-library";
import { canaryModule } from "./canary-module.js";
import { delegationOf } from "./delegation-of.js";
import { describeRuntime } from "./describe-runtime.js";
import { inspectTflite } from "./inspect-tflite.js";
import { libraryReport } from "./library-report.js";
import type { ModelState } from "./model-state.js";
import type { TfliteOptions } from "./options.js";
import {
  type RuntimeLibrary,
  type RuntimeRequirements,
  unmetRequirements,
} from "./requirements/runtime-requirements.js";

const TIMEOUT_MS = 60_000;

/**
 * Describes a `.tflite` model in lines of text: the runtime that would run it and why, the runtime it needs,
 * XNNPACK's share, state, operators, operands that nothing checks, signatures. Libraries and models are tried in a child process first.
 *
 * @throws ServingError as `inspectTflite` does.
 */
export async function describeModel(path: string, options: TfliteOptions): Promise<string> {
  const inspection = await inspectTflite(path);
  const { bytes, exampleInputs, requirements, state, signatures } = inspection;
  const library = await openedLibrary(options);
  const unmet = library === undefined ? [] : await unmetRequirements(requirements, library);
  const unchecked = library === undefined ? [] : inspection.uncheckedOperands(library.version);
  const facts = [
    `runtime: ${library ? describeRuntime(library) : "none opens; `serving-kit doctor` says why"}`,
    `needs: ${describeNeeds(requirements)}`,
    ...unmet.map((reason) => `cannot run: it ${reason}`),
    ...(library && unmet.length === 0
      ? [`XNNPACK: ${await describeDelegation(inspection.path, options)}`]
      : []),
    `state: ${STATES[state]}`,
    `operators: ${describeOperators(requirements)}`,
    ...unchecked.map(
      ({ signature, operator, operand, tensor }) =>
        `unchecked: ${operand} of ${operator} (tensor "${tensor}", signature ${signature}); loads only with option uncheckedOps: "allow"`,
    ),
    ...exampleInputs.map((name) => `input ${name}: tf.Example, parsed before TensorFlow Lite runs`),
  ];
  const lines = [...signatures].flatMap(([name, signature]) => formatSignature(name, signature));
  return [
    `${inspection.path}: TensorFlow Lite model of ${bytes.toLocaleString("en")} bytes`,
    ...[...facts, ...lines].map((line) => `  ${line}`),
  ].join("\n");
}

/** What a call finds in the variables of a model. */
const STATES: Record<ModelState, string> = {
  none: "none",
  variables: 'variable tensors, reset for each call unless option state: "keep" is set',
  resources:
    'resource variables, in a new interpreter for each call unless option state: "keep" is set',
};

/** A library that is built for another CPU kills the process that opens it. */
async function openedLibrary({ library }: TfliteOptions): Promise<RuntimeLibrary | undefined> {
  try {
    await runInCanary({
      what: "opening the TensorFlow Lite library",
      module: canaryModule,
      exportName: "tryLibrary",
      argument: library,
      timeoutMs: TIMEOUT_MS,
    });
    return (await libraryReport(library)).opened;
  } catch {
    return undefined;
  }
}

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

/** Another process loads the model first: a file can end the process that loads it. */
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

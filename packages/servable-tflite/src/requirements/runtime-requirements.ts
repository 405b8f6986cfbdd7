import { readFile } from "node:fs/promises";
import { isVersionWithin, type NativeLibrary } from "@serving-kit/native-library";
import { describeRuntime } from "../describe-runtime.js";
import type { Graph } from "../graph/graph.js";
import { type OperatorUse, operatorUses } from "./operator-use.js";
import { FIRST_UNKNOWN_RUNTIME, firstRuntimeWith } from "./operator-versions.js";
import { type WrongKernel, wrongKernelsFor } from "./wrong-kernels.js";

/** A graph's requirements for TensorFlow Lite. */
export interface RuntimeRequirements {
  readonly operators: readonly OperatorUse[];
  /** Kernels that are wrong or missing in older runtimes. */
  readonly wrongKernels: readonly WrongKernel[];
  /**
   * The first runtime that computes all builtin operators correctly, such as `2.17`. Undefined if no known
   * runtime does.
   */
  readonly runtime: string | undefined;
  /** `Graph.minRuntimeVersion`. */
  readonly minRuntimeVersion?: string;
}

/** Determines what a graph needs of TensorFlow Lite, without its library. */
export function requirementsOf(graph: Graph): RuntimeRequirements {
  const { minRuntimeVersion } = graph;
  const operators = operatorUses(graph);
  const wrongKernels = wrongKernelsFor(graph);
  const runtimes = operators
    .filter(({ kind }) => kind === "builtin")
    .map(({ name, version }) => firstRuntimeWith(name, version))
    .concat(wrongKernels.map(({ correctSince }) => correctSince));
  return {
    operators,
    wrongKernels,
    runtime: newestOf(runtimes),
    ...(minRuntimeVersion !== undefined && { minRuntimeVersion }),
  };
}

/** The part of an open library that `unmetRequirements` reads. */
export type RuntimeLibrary = Pick<NativeLibrary, "version" | "origin" | "attempts" | "path">;

/**
 * Returns the reasons why a runtime cannot compute a graph, as ends of sentences that start with the model: operators
 * by name and version, the runtime that has them, and what to do. An operator is accepted if the library may have it:
 * if the library is newer than the table, or if its file contains the name of a custom operator.
 */
export async function unmetRequirements(
  requirements: RuntimeRequirements,
  library: RuntimeLibrary,
): Promise<string[]> {
  const { operators, wrongKernels } = requirements;
  const runtime = describeRuntime(library);
  const isOld = (since: string) => !isVersionWithin(library.version, { atLeast: since });
  const ofKind = (kind: OperatorUse["kind"]) => operators.filter((use) => use.kind === kind);
  const missing = ofKind("builtin").filter(({ name, version }) =>
    isOld(firstRuntimeWith(name, version) ?? FIRST_UNKNOWN_RUNTIME),
  );
  const custom = await missingIn(library.path, ofKind("custom"));
  const flex = await missingIn(library.path, ofKind("flex"));
  const reasons: string[] = [];
  if (flex.length > 0) {
    reasons.push(
      `uses TensorFlow operators that ${runtime} does not have: ${namesOf(flex)}; convert it without SELECT_TF_OPS, or serve the SavedModel`,
    );
  }
  if (custom.length > 0) {
    reasons.push(
      `uses custom operators that ${runtime} does not have: ${namesOf(custom)}; convert it without them, or set SERVING_KIT_TFLITE_LIBRARY to a library that has them`,
    );
  }
  if (missing.length > 0) {
    const needed = newestOf(missing.map(({ name, version }) => firstRuntimeWith(name, version)));
    reasons.push(
      `uses operators that ${runtime} does not have: ${missing.map(describeMissing).join(", ")}; ${remedyFor(needed, requirements)}`,
    );
  }
  for (const { what, fault, correctSince, remedy } of wrongKernels) {
    if (!isOld(correctSince)) continue;
    reasons.push(
      `has ${what}, which ${runtime} ${fault}; use TensorFlow Lite >= ${correctSince}, or ${remedy}`,
    );
  }
  return reasons;
}

/** Returns the newest of some versions and the oldest supported one; undefined if one is unknown. */
function newestOf(versions: readonly (string | undefined)[]): string | undefined {
  let newest = OLDEST_RUNTIME;
  for (const version of versions) {
    if (version === undefined) return undefined;
    if (isVersionWithin(version, { atLeast: newest })) newest = version;
  }
  return newest;
}

/** The oldest supported runtime. */
const OLDEST_RUNTIME = "2.3";

function describeMissing({ name, version }: OperatorUse): string {
  const since = firstRuntimeWith(name, version);
  const needs = since === undefined ? `not before ${FIRST_UNKNOWN_RUNTIME}` : `since ${since}`;
  return `${name} version ${version} (${needs})`;
}

function remedyFor(needed: string | undefined, { minRuntimeVersion }: RuntimeRequirements): string {
  if (needed !== undefined) return `use TensorFlow Lite >= ${needed}`;
  const hint = minRuntimeVersion === undefined ? "" : `; the file names ${minRuntimeVersion}`;
  return `use a TensorFlow Lite that has them${hint}`;
}

const namesOf = (uses: readonly OperatorUse[]) =>
  [...new Set(uses.map(({ name }) => name))].join(", ");

/** Registering a custom operator takes its name as a C string, so the library's file contains it. */
async function missingIn(path: string, uses: readonly OperatorUse[]): Promise<OperatorUse[]> {
  if (uses.length === 0) return [];
  const file = await readFile(path).catch(() => undefined);
  if (file === undefined) return [];
  return uses.filter(({ name }) => !file.includes(`${name}\0`));
}

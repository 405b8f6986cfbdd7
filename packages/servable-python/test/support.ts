import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type Clock,
  type Logger,
  type ServableId,
  silentLogger,
  systemClock,
} from "@serving-kit/core";
import { type Predictor, SERVING_JSON } from "@serving-kit/inference";
import { onTestFinished } from "vitest";
import { findInterpreter } from "../src/interpreter.js";
import type { PythonOptions } from "../src/options.js";
import { python } from "../src/python.js";

/** The interpreter of the tests: SERVING_KIT_PYTHON, else as models find it. */
export const INTERPRETER = process.env.SERVING_KIT_PYTHON;

/** Why tests of Python are skipped; undefined if there is one of 3.9 or newer. */
export const noPython = await problemOf(
  "import sys; assert sys.version_info >= (3, 9), sys.version",
);
/** Why tests with tensors are skipped. */
export const noNumpy = noPython ?? (await problemOf("import numpy"));

async function problemOf(program: string): Promise<string | undefined> {
  try {
    execFileSync(await findInterpreter(INTERPRETER), ["-I", "-c", program], { stdio: "pipe" });
    return undefined;
  } catch (error) {
    const [first = ""] = (error as Error).message
      .split("\n")
      .filter((line) => /Error/.test(line))
      .slice(-1);
    return first || (error as Error).message;
  }
}

export const MODULES = join(import.meta.dirname, "modules");

export const ID: ServableId = { name: "m", version: 1n };

export interface OpenOptions extends PythonOptions {
  readonly exportName?: string;
  readonly config?: Record<string, unknown>;
  readonly modelType?: string;
  readonly clock?: Clock;
  readonly logger?: Logger;
  readonly signal?: AbortSignal;
}

/** Loads a module of the tests. It is disposed after the test. */
export async function open(
  module: string,
  {
    exportName,
    config,
    modelType,
    clock = systemClock,
    logger = silentLogger,
    signal,
    ...options
  }: OpenOptions = {},
): Promise<Predictor> {
  const { code } = python({ ...(INTERPRETER && { interpreter: INTERPRETER }), ...options });
  const named = {
    modulePath: join(MODULES, module),
    exportName,
    options: config,
    modelType,
    basePath: "/models",
  };
  const loader = code?.loader(named, { path: MODULES }, ID);
  const aborted = signal ?? new AbortController().signal;
  const predictor = (await loader?.load({ id: ID, signal: aborted, clock, logger })) as Predictor;
  onTestFinished(() => predictor[Symbol.asyncDispose]?.());
  return predictor;
}

/** Has the model of bodies do something, and returns what it says about it. */
export async function ask(predictor: Predictor, request: object, options = {}): Promise<unknown> {
  const body = Buffer.from(JSON.stringify(request));
  const answer = await predictor.respond?.(body, SERVING_JSON, options);
  return JSON.parse(Buffer.from(answer?.body ?? []).toString());
}

/** The outcome of an action. */
export const done = async (predictor: Predictor, request: object, options = {}) =>
  ((await ask(predictor, request, options)) as { done: unknown }).done;

export interface Line {
  readonly level: string;
  readonly fields: Record<string, unknown>;
  readonly message: string;
}

/** A logger that keeps its lines. */
export function keptLog(): { readonly lines: Line[]; readonly logger: Logger } {
  const lines: Line[] = [];
  const at = (level: string) => (fields: object, message: string) => {
    lines.push({ level, fields: fields as Line["fields"], message });
  };
  return { lines, logger: { info: at("info"), warn: at("warn"), error: at("error") } };
}

/** Returns whether a process runs: a zombie does not. */
export function isRunning(pid: number): boolean {
  const state = stateOf(pid);
  return state !== undefined && state !== "Z" && state !== "X";
}

/** The state of a process and its parent, as Linux shows them. */
function statOf(pid: number): readonly string[] | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /s, "")
      .split(" ");
  } catch {
    return undefined;
  }
}

const stateOf = (pid: number) => statOf(pid)?.[0];

/** The children of a process, zombies too. */
export function childrenOf(parent: number): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => statOf(pid)?.[1] === String(parent));
}

/** A folder that is removed after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "serving-kit-python-test-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Timeout for a program that does not exit by itself, in ms. */
const TIMEOUT_MS = 150_000;

/** The output of a program and its exit code. */
export interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs an example as a reader would, and waits until it exits. */
export function runExample(file: string, parameters: readonly string[] = []): Promise<Run> {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const args = ["--import", "tsx", path, ...parameters];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { timeout: TIMEOUT_MS }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr });
    });
  });
}

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";

/** How long a program may take that would not end of itself. */
const TIMEOUT_MS = 150_000;

/** The output of a program, and how it ended. */
export interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs an example, as its reader would, and waits for its end. */
export function runExample(file: string, parameters: readonly string[] = []): Promise<Run> {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const args = ["--import", "tsx", path, ...parameters];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { timeout: TIMEOUT_MS }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr });
    });
  });
}

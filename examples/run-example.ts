import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";

/** What a program printed and how it ended. */
export interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs an example from source, as its reader would, and waits for its end. */
export function runExample(
  file: string,
  timeoutMs = 30_000,
  parameters: readonly string[] = [],
): Promise<Run> {
  const path = fileURLToPath(new URL(file, import.meta.url));
  const args = ["--conditions=@serving-kit/source", "--import", "tsx", path, ...parameters];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { timeout: timeoutMs }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr });
    });
  });
}

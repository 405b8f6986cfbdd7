import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { isServingError, messageOf } from "@serving-kit/core";
import type { LibraryReport } from "@serving-kit/inference";
import { findInterpreter } from "./interpreter.js";
import { FLAGS, PROGRAM } from "./worker/python-process.js";

interface Report {
  readonly version: string;
  readonly executable: string;
  readonly packages: Readonly<Record<string, string>>;
}

const TIMEOUT_MS = 30_000;

/** Reports the interpreter for Python models and its installed packages. Never rejects. */
export async function interpreterReport(
  given: string | undefined,
  signal?: AbortSignal,
): Promise<LibraryReport> {
  const name = "Python";
  try {
    const path = await findInterpreter(given);
    const args = [...FLAGS, PROGRAM, "packages"];
    const options = { timeout: TIMEOUT_MS, maxBuffer: 2 ** 20, ...(signal && { signal }) };
    const { stdout } = await promisify(execFile)(path, args, options);
    const { version, executable, packages } = JSON.parse(stdout) as Report;
    const found = Object.entries(packages).map((one) => one.join(" "));
    return {
      name,
      opened: { version, path: executable, origin: path },
      notes: [
        `packages: ${found.join(", ") || "none of the packages that models usually need"}`,
        ...(packages.numpy === undefined
          ? ["models with tensors need numpy: pip install numpy"]
          : []),
      ],
    };
  } catch (error) {
    const reason: unknown = signal?.aborted ? signal.reason : error;
    return {
      name,
      problem: messageOf(reason),
      remedy: isServingError(error)
        ? "install Python 3.9 or newer with numpy"
        : "run the interpreter to see what is wrong with it",
    };
  }
}

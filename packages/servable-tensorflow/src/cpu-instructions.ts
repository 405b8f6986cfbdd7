import { runInCanary } from "@serving-kit/native-library";
import { canaryModule } from "./canary-module.js";

/** Creating a session also opens the GPUs, if there are any. */
const TIMEOUT_MS = 120_000;

/**
 * Returns a sentence about whether libtensorflow uses the instructions of this CPU, from TensorFlow's own notice.
 * Undefined on CPUs other than x64, for which TensorFlow has no notice, and if no session can be created.
 */
export async function cpuInstructions(
  library?: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  if (process.arch !== "x64") return undefined;
  let written = "";
  try {
    await runInCanary({
      ...{ what: "a session of TensorFlow", module: canaryModule, exportName: "openSession" },
      ...{ argument: library, timeoutMs: TIMEOUT_MS, ...(signal && { signal }) },
      onStderr: (text) => {
        written = text;
      },
    });
  } catch {
    return undefined;
  }
  return instructionsNote(written);
}

/** Converts TensorFlow's stderr output from the creation of a session to the sentence. */
export function instructionsNote(written: string): string {
  const [, list] =
    /To enable the following instructions:\s*([^,]+), in other operations/.exec(written) ?? [];
  if (list === undefined)
    return "it uses this CPU's instructions: TensorFlow names none that it leaves unused";
  const names = list.trim().split(/\s+/).join(", ");
  return (
    `outside of its performance-critical operations it does not use ${names} of this CPU (TensorFlow's notice); ` +
    "a libtensorflow that is built with them uses them everywhere"
  );
}

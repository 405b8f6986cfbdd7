import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const start = (how: string): ChildProcess => {
  const child = fileURLToPath(new URL("./exits-child.ts", import.meta.url));
  const flags = ["--conditions=@serving-kit/source", "--import", "tsx"];
  return spawn(process.execPath, [...flags, child, how], {
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
};

/** TensorFlow Lite's one line about XNNPACK is no trouble. */
const isTrouble = (line: string) => line !== "" && !line.startsWith("INFO: ");

async function endOf(child: ChildProcess): Promise<unknown> {
  let stderr = "";
  child.stderr?.on("data", (chunk) => {
    stderr += chunk;
  });
  child.channel?.unref();
  const [code, signal] = await once(child, "close");
  return { code, signal, trouble: stderr.split("\n").filter(isTrouble) };
}

const clean = { code: 0, signal: null, trouble: [] };

describe("a process that has predicted ends cleanly", () => {
  it.concurrent.each([
    "drain",
    "dispose and drain",
    "exit",
    "exit during a run",
    "a worker ends",
    "a worker is terminated during a run",
  ])("by: %s", async (how) => {
    expect(await endOf(start(how))).toEqual(clean);
  });

  it.concurrent.each(["SIGINT", "SIGTERM"] as const)("by %s", async (signal) => {
    const child = start("wait for a signal");
    const end = endOf(child);
    await once(child, "message");
    child.kill(signal);
    expect(await end).toEqual(clean);
  });
});

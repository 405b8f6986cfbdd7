import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, describe, expect, it, vi } from "vitest";
import { libraryReport } from "../packages/servable-tensorflow/src/index.js";
import { root } from "./workspace.mjs";

const { opened } = await libraryReport();

let npm: ChildProcessWithoutNullStreams | undefined;

afterEach(() => {
  npm?.kill("SIGKILL");
});

/** The answer of `:predict` to one picture. */
interface Answer {
  readonly predictions: readonly (readonly number[])[];
}

/** The SavedModel follows soon, under a name of its own, and gives the same answer. */
async function expectSavedModel(url: string, body: string, expected: Answer): Promise<void> {
  const savedModel = url.replace("/digits:", "/digits_savedmodel:");
  const ask = () => fetch(savedModel, { method: "POST", body });
  await vi.waitFor(async () => expect((await ask()).status).toBe(200), 90_000);
  const { predictions } = (await (await ask()).json()) as Answer;
  for (const [digit, probability] of expected.predictions[0]?.entries() ?? []) {
    expect(predictions[0]?.[digit]).toBeCloseTo(probability, 5);
  }
}

const hasCurl = () => {
  try {
    return Boolean(execFileSync("curl", ["--version"]));
  } catch {
    return false;
  }
};

/** Starts `npm start` with arguments, and resolves when the server answers. */
async function start(...args: readonly string[]) {
  const started = spawn("npm", ["start", "--", "--rest_api_port=any", "--port=0", ...args], {
    cwd: root,
    detached: true,
  });
  npm = started;
  const output = { stdout: "" };
  started.stdout.setEncoding("utf8").on("data", (text) => {
    output.stdout += text;
  });
  const ended = once(started, "close");
  while (!output.stdout.includes("Press Ctrl-C to stop the server.")) {
    await Promise.race([once(started.stdout, "data"), ended]);
    if (started.exitCode !== null) throw new Error(`npm start ended: ${output.stdout}`);
  }
  return {
    output,
    ended,
    /** Interrupts the whole group, as Ctrl-C in a terminal does. */
    interrupt: () => process.kill(-(started.pid as number), "SIGINT"),
  };
}

describe("npm start", () => {
  it.skipIf(process.platform === "win32")(
    "prints a curl line, the answer that it gives, and drains at a signal (skipped on Windows: no sh)",
    async () => {
      const { output, ended, interrupt } = await start();
      const { stdout } = output;
      const [, line = "", body = "", url = ""] =
        /^(curl -d '(.*)' (http:\S+))$/m.exec(stdout) ?? [];
      const [, expected = ""] = /The response is:\n\n(.*)\n/.exec(stdout) ?? [];
      const answer = hasCurl()
        ? execFileSync("sh", ["-c", line], {
            encoding: "utf8",
            stdio: ["ignore", "pipe", "ignore"],
          })
        : await (await fetch(url, { method: "POST", body })).text();
      expect(answer.trim()).toBe(expected);
      expect(JSON.parse(answer).predictions[0]).toHaveLength(10);
      expect(line.length).toBeLessThan(260);
      if (opened) await expectSavedModel(url, body, JSON.parse(expected));
      interrupt();
      expect(await ended).toEqual([0, null]);
      expect(output.stdout).toContain("stopped: all requests answered, all models unloaded");
    },
  );

  it.skipIf(process.platform === "win32")(
    "leaves TensorFlow out by --without-tensorflow (skipped on Windows: no sh)",
    async () => {
      const { output, ended, interrupt } = await start("--without-tensorflow");
      interrupt();
      expect(await ended).toEqual([0, null]);
      expect(output.stdout).not.toMatch(/SavedModel|libtensorflow/);
    },
  );
});

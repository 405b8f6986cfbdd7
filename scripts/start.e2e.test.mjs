import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, describe, expect, it, vi } from "vitest";
import { libraryReport } from "../packages/servable-tensorflow/src/index.js";
import { root } from "./workspace.mjs";

const { opened } = await libraryReport();

let npm;

afterEach(() => {
  npm?.kill("SIGKILL");
});

/** The SavedModel follows soon, under a name of its own, and gives the same answer. */
async function expectSavedModel(url, body, expected) {
  const savedModel = url.replace("/digits:", "/digits_savedmodel:");
  const ask = () => fetch(savedModel, { method: "POST", body });
  await vi.waitFor(async () => expect((await ask()).status).toBe(200), 90_000);
  const { predictions } = await (await ask()).json();
  for (const [digit, probability] of expected.predictions[0].entries()) {
    expect(predictions[0][digit]).toBeCloseTo(probability, 5);
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
async function start(...args) {
  npm = spawn("npm", ["start", "--", "--rest_api_port=any", "--port=0", ...args], {
    cwd: root,
    detached: true,
  });
  const output = { stdout: "" };
  npm.stdout.setEncoding("utf8").on("data", (text) => {
    output.stdout += text;
  });
  const ended = once(npm, "close");
  while (!output.stdout.includes("Ctrl-C ends the server.")) {
    await Promise.race([once(npm.stdout, "data"), ended]);
    if (npm.exitCode !== null) throw new Error(`npm start ended: ${output.stdout}`);
  }
  return { output, ended };
}

describe("npm start", () => {
  it.skipIf(process.platform === "win32")(
    "prints a curl line, the answer that it gives, and drains at a signal (skipped on Windows: no sh)",
    async () => {
      const { output, ended } = await start();
      const { stdout } = output;
      const [, line, body, url] = /^(curl -d '(.*)' (http:\S+))$/m.exec(stdout);
      const [, expected] = /The answer will be:\n\n(.*)\n/.exec(stdout);
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
      process.kill(-npm.pid, "SIGINT"); // the whole group, as Ctrl-C in a terminal does
      expect(await ended).toEqual([0, null]);
      expect(output.stdout).toContain("all requests are answered and all models unloaded");
    },
  );

  it.skipIf(process.platform === "win32")(
    "leaves TensorFlow out by --without-tensorflow (skipped on Windows: no sh)",
    async () => {
      const { output, ended } = await start("--without-tensorflow");
      process.kill(-npm.pid, "SIGINT");
      expect(await ended).toEqual([0, null]);
      expect(output.stdout).not.toMatch(/SavedModel|libtensorflow/);
    },
  );
});

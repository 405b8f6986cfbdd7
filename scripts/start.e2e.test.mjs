import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, describe, expect, it } from "vitest";
import { root } from "./workspace.mjs";

let npm;

afterEach(() => {
  npm?.kill("SIGKILL");
});

const hasCurl = () => {
  try {
    return Boolean(execFileSync("curl", ["--version"]));
  } catch {
    return false;
  }
};

describe("npm start", () => {
  it.skipIf(process.platform === "win32")(
    "prints a curl line, the answer that it gives, and drains at a signal (skipped on Windows: no sh)",
    async () => {
      npm = spawn("npm", ["start", "--", "--rest_api_port=0"], { cwd: root, detached: true });
      let stdout = "";
      npm.stdout.setEncoding("utf8").on("data", (text) => {
        stdout += text;
      });
      const ended = once(npm, "close");
      while (!stdout.includes("Ctrl-C ends the server.")) {
        await Promise.race([once(npm.stdout, "data"), ended]);
        if (npm.exitCode !== null) throw new Error(`npm start ended: ${stdout}`);
      }
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
      process.kill(-npm.pid, "SIGINT"); // the whole group, as Ctrl-C in a terminal does
      expect(await ended).toEqual([0, null]);
      expect(stdout).toContain("all requests are answered and all models unloaded");
    },
  );
});

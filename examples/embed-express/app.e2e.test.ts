import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const digits = `${import.meta.dirname}/../models/digits`;
const [sample] = JSON.parse(readFileSync(`${digits}/samples.json`, "utf8"));

let app: ChildProcess;
let url: string;
let output = "";

beforeAll(async () => {
  const args = ["--conditions=@serving-kit/source", "--import", "tsx"];
  app = spawn(process.execPath, [...args, `${import.meta.dirname}/app.ts`], {
    env: { ...process.env, PORT: "0" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  url = await new Promise((resolve, reject) => {
    app.stdout?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      const found = /http:\S+/.exec(output);
      if (found) resolve(found[0]);
    });
    app.once("exit", (code) => reject(new Error(`the app ended with ${code}: ${output}`)));
  });
});

afterAll(() => {
  app.kill("SIGKILL");
});

const post = (path: string, body: unknown) =>
  fetch(`${url}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });

describe("an Express application with predictions", () => {
  it("keeps its own routes, its body parser and its 404", async () => {
    expect(await (await fetch(`${url}/health`)).json()).toEqual({ status: "ok" });
    const order = await post("/orders", { digit: 7 });
    expect([order.status, await order.json()]).toEqual([201, { received: { digit: 7 } }]);
    const missing = await fetch(`${url}/nowhere`);
    expect([missing.status, await missing.json()]).toEqual([
      404,
      { error: "this app has no such page" },
    ]);
  });

  it("predicts what Python predicts, behind express.json()", async () => {
    const response = await post("/v1/models/digits:predict", { instances: [sample.image] });
    const { predictions } = (await response.json()) as { predictions: number[][] };
    expect(response.status).toBe(200);
    for (const [i, p] of sample.probabilities.entries()) {
      expect(predictions[0]?.[i]).toBeCloseTo(p, 5);
    }
  });

  it("answers a wrong request with 400 and goes on", async () => {
    const wrong = await post("/v1/models/digits:predict", { instances: [[1, 2, 3]] });
    expect([wrong.status, Object.keys((await wrong.json()) as object)]).toEqual([400, ["error"]]);
    expect((await fetch(`${url}/v1/models/digits`)).status).toBe(200);
  });

  it("closes with the app and ends with 0", async () => {
    const exit = once(app, "exit");
    app.kill("SIGTERM");
    expect(await exit).toEqual([0, null]);
    expect(output).toMatch(/closed\n$/);
  });
});

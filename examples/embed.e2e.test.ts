import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const digits = `${import.meta.dirname}/models/digits`;
const [sample] = JSON.parse(readFileSync(`${digits}/samples.json`, "utf8"));
const TOKEN = "secret-of-the-app";

/** An application that runs as its reader would run it. */
class App {
  readonly process: ChildProcess;
  readonly url: Promise<string>;
  output = "";

  constructor(folder: string) {
    const args = ["--import", "tsx", `${import.meta.dirname}/${folder}/app.ts`];
    this.process = spawn(process.execPath, args, {
      env: { ...process.env, PORT: "0", TOKEN, LAME_DUCK_MS: "100" },
      stdio: ["ignore", "pipe", "inherit"],
    });
    this.url = new Promise<string>((resolve, reject) => {
      this.process.stdout?.setEncoding("utf8").on("data", (text: string) => {
        this.output += text;
        const found = /http:\S+/.exec(this.output);
        if (found) resolve(found[0].replace("[::1]", "localhost"));
      });
      this.process.once("exit", (code) => reject(new Error(`ended with ${code}: ${this.output}`)));
    });
    this.url.catch(() => {}); // told to the test that waits for it
  }
}

const post = (url: string, body: unknown, headers = {}) =>
  fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });

/** Every example, with the prefix that predictions have and the headers that it asks for. */
const examples = {
  "embed-express": { prefix: "", headers: {} },
  "embed-node-http": { prefix: "/ml", headers: { authorization: `Bearer ${TOKEN}` } },
  "embed-hono": { prefix: "/ml", headers: { authorization: `Bearer ${TOKEN}` } },
  "embed-fastify": { prefix: "/ml", headers: { authorization: `Bearer ${TOKEN}` } },
};
const apps = new Map<string, App>();
beforeAll(() => {
  for (const folder of Object.keys(examples)) apps.set(folder, new App(folder));
});
afterAll(() => {
  for (const app of apps.values()) app.process.kill("SIGKILL");
});

describe.each(Object.entries(examples))("%s", (folder, { prefix, headers }) => {
  let app: App;
  let url: string;
  beforeAll(async () => {
    app = apps.get(folder) as App;
    url = await app.url;
  });
  const predict = (instance: unknown, credentials = headers) =>
    post(`${url}${prefix}/v1/models/digits:predict`, { instances: [instance] }, credentials);

  it("keeps the app's own routes and its 404", async () => {
    expect(await (await fetch(`${url}/health`)).json()).toEqual({ status: "ok" });
    expect((await fetch(`${url}/nowhere`, { headers })).status).toBe(404);
  });

  it("predicts what Python predicts", async () => {
    const response = await predict(sample.image);
    const { predictions } = (await response.json()) as { predictions: number[][] };
    expect(response.status).toBe(200);
    for (const [i, p] of sample.probabilities.entries()) {
      expect(predictions[0]?.[i]).toBeCloseTo(p, 5);
    }
  });

  if ("authorization" in headers) {
    it("predicts only for callers that the app authorizes", async () => {
      expect((await predict(sample.image, {})).status).toBe(401);
      expect((await predict(sample.image, { authorization: "Bearer wrong" })).status).toBe(401);
    });
  } else {
    it("keeps the body parser of the app", async () => {
      const order = await post(`${url}/orders`, { digit: 7 });
      expect([order.status, await order.json()]).toEqual([201, { received: { digit: 7 } }]);
    });
  }

  it("answers an invalid request with 400 and continues", async () => {
    const wrong = await predict([1, 2, 3]);
    expect([wrong.status, Object.keys((await wrong.json()) as object)]).toEqual([400, ["error"]]);
    expect((await fetch(`${url}${prefix}/v1/models/digits`, { headers })).status).toBe(200);
  });

  it("closes with the app and ends with 0", async () => {
    const exit = once(app.process, "close");
    // As a browser does ahead of its requests. Fastify waits longer: for whoever was asked.
    const silent = folder === "embed-fastify" ? undefined : connect(Number(new URL(url).port));
    silent?.on("error", () => {});
    if (silent) await once(silent, "connect");
    app.process.kill("SIGTERM");
    expect(await exit).toEqual([0, null]);
    expect(app.output).toMatch(/closed\n$/);
  });
});

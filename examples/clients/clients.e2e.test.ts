import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { createModelServer, type ModelServer } from "serving-kit";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

interface BrowserClient {
  predict(url: string, model: string, instances: readonly unknown[]): Promise<unknown[]>;
  bytesOf(file: Blob): Promise<object>;
}
const { bytesOf, predict }: BrowserClient = await import("./browser/predict.js" as string);

const run = promisify(execFile);
const here = import.meta.dirname;
const models = join(here, "../models");
const samples = join(models, "digits/samples.json");
const [{ image, label }] = JSON.parse(readFileSync(samples, "utf8"));
const folder = mkdtempSync(join(tmpdir(), "serving-kit-clients-"));

let server: ModelServer;
let url = "";
let target = "";
beforeAll(async () => {
  const processing = {
    before: [{ image: { preset: "mobilenet" } }],
    after: [{ softmax: {} }, { topK: { k: 1, labels: "labels.txt" } }],
  };
  server = (await createModelServer({
    models: {
      digits: join(models, "digits"),
      photos: { basePath: join(models, "mobilenet"), processing },
    },
    startUpPolicy: "all",
    settleMs: 0,
  })) as unknown as ModelServer;
  url = `http://localhost:${(await server.listen({ port: 0 })).port}`;
  target = `localhost:${(await server.listenGrpc({ port: 0 })).port}`;
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true });
});

const photo = join(models, "mobilenet/photos/chelsea.jpg");

/** The reason why a program is skipped, if a command fails. */
function reasonOf(command: string, args: readonly string[], needs: string): string {
  try {
    execFileSync(command, args, { stdio: "ignore" });
    return "";
  } catch {
    return ` [skipped: needs ${needs}]`;
  }
}

const { VIRTUAL_ENV, SERVING_KIT_PYTHON } = process.env;
const python = SERVING_KIT_PYTHON ?? (VIRTUAL_ENV ? join(VIRTUAL_ENV, "bin/python") : "python3");
const noRequests = reasonOf(python, ["-c", "import requests"], "Python with requests");
const noApi = reasonOf(
  python,
  ["-c", "import tensorflow, tensorflow_serving.apis"],
  "Python with tensorflow-serving-api: name it by SERVING_KIT_PYTHON",
);
const noGo = reasonOf("go", ["version"], "Go");
const noJava = reasonOf("javac", ["-version"], "a JDK") || reasonOf("mvn", ["-version"], "Maven");
const noCurl = reasonOf("curl", ["--version"], "curl");

/** Time limit in ms for the first download of modules and artifacts, which is not part of a test. */
const DOWNLOAD_MS = 900_000;

describe("clients", () => {
  it.skipIf(noRequests)(`Python over REST${noRequests}`, async () => {
    const args = [url, "digits", samples];
    const { stdout } = await run(python, [join(here, "python/rest.py"), ...args]);
    expect(stdout).toBe(`${label}\n`);
    const latency = await run(python, [join(here, "python/latency.py"), ...args]);
    expect(latency.stdout).toMatch(/^p50 \d+\.\d\d ms, p99 \d+\.\d\d ms\n$/);
    const missing = run(python, [join(here, "python/rest.py"), url, "none", samples]);
    await expect(missing).rejects.toThrow("Servable not found");
  });

  it.skipIf(noApi)(`Python over gRPC${noApi}`, async () => {
    const { stdout } = await run(python, [
      ...[join(here, "python/grpc_client.py"), target, "digits", samples],
    ]);
    expect(stdout).toBe(`${label}\n`);
  });

  describe.skipIf(noGo)("Go", () => {
    const cwd = join(here, "go");
    beforeAll(() => run("go", ["mod", "download"], { cwd }), DOWNLOAD_MS);

    it(`over gRPC${noGo}`, async () => {
      const { stdout } = await run("go", ["run", ".", target, "digits", samples], { cwd });
      expect(stdout).toBe(`${label}\n`);
      const missing = run("go", ["run", ".", target, "none", samples], { cwd });
      await expect(missing).rejects.toThrow("Servable not found");
    });
  });

  describe.skipIf(noJava)("Java", () => {
    const cwd = join(here, "java");
    beforeAll(() => run("mvn", ["-q", "compile", "exec:help"], { cwd }), DOWNLOAD_MS);

    it(`over gRPC${noJava}`, async () => {
      const call = (model: string) =>
        run("mvn", ["-q", "compile", "exec:java", `-Dexec.args=${target} ${model} ${samples}`], {
          cwd,
        });
      const { stdout } = await call("digits");
      expect(stdout).toMatch(new RegExp(`^${label}$`, "m")); // Maven may colour the end
      await expect(call("none")).rejects.toThrow("Servable not found");
    });
  });

  it("Maven finds the same .proto file as the others", () => {
    const own = readFileSync(join(here, "java/src/main/proto/prediction.proto"), "utf8");
    expect(own).toBe(readFileSync(join(here, "../prediction.proto"), "utf8"));
  });

  it.each([
    ...["python/rest.py", "python/grpc_client.py", "python/latency.py", "go/main.go"],
    ...[
      "java/src/main/java/Predict.java",
      "curl/predict.sh",
      "curl/picture.sh",
      "browser/predict.js",
    ],
  ])("%s has fewer than 40 lines", (file) => {
    const lines = readFileSync(join(here, file), "utf8").trimEnd().split("\n");
    expect(lines.length).toBeLessThan(40);
  });

  it.skipIf(noCurl)(`curl${noCurl}`, async () => {
    const request = join(folder, "request.json");
    writeFileSync(request, JSON.stringify({ instances: [image] }));
    const { stdout } = await run("sh", [join(here, "curl/predict.sh"), url, "digits", request]);
    const [probabilities] = JSON.parse(stdout).predictions;
    expect(probabilities.indexOf(Math.max(...probabilities))).toBe(label);
    const picture = await run("sh", [join(here, "curl/picture.sh"), url, "photos", photo]);
    expect(JSON.parse(picture.stdout).predictions[0].classes).toEqual(["Egyptian cat"]);
  });

  it("fetch of a browser", async () => {
    const [probabilities] = (await predict(url, "digits", [image])) as number[][];
    expect(probabilities?.indexOf(Math.max(...probabilities))).toBe(label);
    const row = await bytesOf(new Blob([readFileSync(photo)]));
    expect(await predict(url, "photos", [row])).toMatchObject([{ classes: ["Egyptian cat"] }]);
    await expect(predict(url, "none", [image])).rejects.toThrow("Servable not found");
  });
});

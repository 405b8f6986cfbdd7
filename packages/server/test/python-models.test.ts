import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { trace } from "@opentelemetry/api";
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  SimpleSpanProcessor,
} from "@opentelemetry/sdk-trace-node";
import { tensor } from "@serving-kit/inference";
import { canReusePort, reusePortSocket } from "@serving-kit/native-library";
import { python } from "@serving-kit/servable-python";
import { expect, it } from "vitest";
import { customPlatform, type ModelConfig } from "../src/index.js";
import { fixturePlatform } from "./fixture-platform.js";
import { GrpcClient } from "./grpc-client.js";
import { pidObserver } from "./pid-observer.js";
import type { WholeServerOptions } from "./whole-server.js";
import { World } from "./world.js";

const modules = join(import.meta.dirname, "../../servable-python/test/modules");
const interpreter = process.env.SERVING_KIT_PYTHON ?? "python3";

/** Returns whether the interpreter runs a program without an error. */
function runs(program: string): boolean {
  try {
    execFileSync(interpreter, ["-I", "-c", program], { stdio: "pipe" });
    return true;
  } catch {
    return false;
  }
}

/** True if there is no Python, or an older one than 3.9. */
const noPython = !runs("import sys; assert sys.version_info >= (3, 9)");
const test = it.skipIf(noPython);

/** The options of a server with event loops of its own, in which models in Python cannot run. */
const threads = {
  count: 2,
  platforms: new URL("./threads-platform.ts", import.meta.url),
  reusePortSocket,
};

/** A model by a module that the operator's configuration names. */
const named = (module: string, exportName: string, basePath = modules): ModelConfig => ({
  name: "m",
  basePath,
  platform: customPlatform({ modulePath: join(modules, module), exportName }),
});

async function serve(
  world: World,
  models: readonly ModelConfig[],
  options: Partial<WholeServerOptions> = {},
) {
  const platforms = [fixturePlatform(), python({ interpreter, detect: false })];
  const server = await world.serve([], { platforms, models, ...options });
  const post = async (body: unknown, path = "m:predict", url?: string) => {
    const request = new Request(`${url ?? "http://host"}/v1/models/${path}`, {
      method: "POST",
      body: typeof body === "string" ? body : JSON.stringify(body),
      headers: { connection: "close" },
    });
    const response = url === undefined ? await server.fetch(request) : await fetch(request);
    return `${response.status} ${await response.text()}`;
  };
  return { server, post };
}

test("REST passes bodies through byte for byte; all other paths translate tensors", async () => {
  await using world = await World.create();
  const { server, post } = await serve(world, [named("bodies.py", "load_servable")]);
  expect(await post('{"instances": [1,  2.5]}')).toBe('200 {"predictions": [2, 5.0]}');
  expect(await post({ inputs: { a: [1] } })).toBe('200 {"outputs": {"a": [2]}}');
  expect(await post({ instances: ["x"] })).toBe('400 {"error": "not a number: x"}');
  // An exception is INTERNAL, as of any model.
  expect(await post("no json")).toMatch(/^500 .*internal error/);
  const metadata = await server.fetch(new Request("http://host/v1/models/m/metadata"));
  expect(metadata.status).toBe(200);

  const outputs = await server.predict("m", { x: [1.5, 2] });
  expect(outputs).toEqual({ predictions: tensor("float64", [2], [3, 4]) });
  await expect(server.predict("m", { x: ["y"] })).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    reason: "REQUEST_REFUSED",
    message: "not a number: y",
  });

  const { port } = await server.listenGrpc({ port: 0, host: "127.0.0.1" });
  using client = new GrpcClient(`127.0.0.1:${port}`);
  const x = { dtype: 1, tensor_shape: { dim: [{ size: 2 }] }, float_val: [1, 2] };
  const answer = await client.predict({ model_spec: { name: "m" }, inputs: { x } });
  expect(answer.outputs).toMatchObject({ predictions: { float_val: [2, 4] } });
});

it.skipIf(noPython || !canReusePort)(
  "bodies, crashes and pids with http_threads, over sockets",
  async () => {
    await using world = await World.create();
    const memory = new SharedArrayBuffer(4);
    const { server, post } = await serve(world, [named("crashes.py", "load_servable")], {
      ...{ threads, observers: [pidObserver(memory)] },
    });
    const { port } = await server.listen({ port: 0, host: "127.0.0.1" });
    const url = `http://127.0.0.1:${port}`;
    const ask = (action: string) => post({ do: action }, "m:predict", url);
    const answers = await Promise.all(Array.from({ length: 8 }, () => ask("neighbour")));
    expect(new Set(answers)).toEqual(new Set(['200 {"done": "a neighbour"}']));
    expect(await ask("refuse")).toBe('400 { "error": "no such thing" }');
    const pid = JSON.parse((await ask("pid")).slice(4)).done;
    const [observed] = new Int32Array(memory);
    expect(observed).toBe(pid);
    new Int32Array(memory)[0] = 0;
    expect(await ask("segfault")).toMatch(/^503 .*was ended by SIGSEGV/);
    expect(new Int32Array(memory)[0]).toBe(pid);
    expect(await ask("neighbour")).toBe('200 {"done": "a neighbour"}');
  },
);

it.skipIf(noPython || !runs("import numpy") || !canReusePort)(
  "tensors with http_threads, batched in each (skipped: needs Python 3.9 with numpy)",
  async () => {
    await using world = await World.create();
    const models = [named("tensors.py", "Model")];
    const { server, post } = await serve(world, models, { threads, batching: true });
    const { port } = await server.listen({ port: 0, host: "127.0.0.1" });
    const url = `http://127.0.0.1:${port}`;
    const rows = Array.from({ length: 16 }, (_, i) => [i, 1, 2]);
    const ask = (row: number[]) => post({ instances: [row] }, "m:predict", url);
    const answers = await Promise.all(rows.map(ask));
    expect(answers.map((answer) => JSON.parse(answer.slice(4)).predictions)).toEqual(
      rows.map((row) => [{ sum: (row[0] ?? 0) + 3, double: row.map((value) => 2 * value) }]),
    );
    expect(await ask([666, 0, 0])).toMatch(/^503 .*was ended by SIGSEGV/);
    expect(await ask([1, 2, 3])).toMatch(/^200 /);
  },
);

test("a model that cannot be batched is served as it is, and that is logged", async () => {
  await using world = await World.create();
  const lines: string[] = [];
  const keep = (_: object, message: string) => lines.push(message);
  const logger = { info: keep, warn: keep, error: keep };
  const { post } = await serve(world, [named("bodies.py", "load_servable")], {
    batching: true,
    logger,
  });
  expect(await post({ instances: [1] })).toBe('200 {"predictions": [2]}');
  expect(lines).toContainEqual(
    expect.stringContaining("model m version 1: not batched: it answers bodies"),
  );
});

test("metrics of the workers, and a span with the pid of the one that ran the call", async () => {
  const exporter = new InMemorySpanExporter();
  const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
  provider.register();
  await using world = await World.create();
  const { server, post } = await serve(world, [named("crashes.py", "load_servable")], {
    metrics: {},
  });
  const pid = JSON.parse((await post({ do: "pid" })).slice(4)).done;
  const span = exporter.getFinishedSpans().find(({ name }) => name === "run");
  expect(span?.attributes).toMatchObject({ "process.pid": pid });
  trace.disable();
  await provider.shutdown();
  await post({ do: "kill" });
  await post({ do: "pid" });
  const response = await server.fetch(new Request("http://host/monitoring/prometheus/metrics"));
  const text = await response.text();
  const of = (name: string, labels = "") =>
    new RegExp(`^serving_kit_${name}\\{${labels}model_name="m",version="1"\\} (\\d+)$`, "m").exec(
      text,
    )?.[1];
  expect(of("python_workers_up")).toBe("1");
  expect(of("python_workers_busy")).toBe("0");
  expect(of("python_waiting_calls")).toBe("0");
  expect(of("python_restarts_total", 'reason="signal",')).toBe("1");
  if (process.platform === "linux")
    expect(Number(of("python_resident_bytes"))).toBeGreaterThan(2 ** 20);
});

test("a client can reload a model, and never choose code", async () => {
  await using world = await World.create();
  const code = (name: string) => {
    const folder = join(world.path, name, "1");
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, "model.py"),
      "def load_servable(path, config): return lambda body: b'ran'\n",
    );
    return join(world.path, name);
  };
  const own = { name: "own", basePath: code("own"), platform: "python" };
  // Even of a server that finds such models by their files.
  const platforms = [fixturePlatform(), python({ interpreter })];
  const { server, post } = await serve(world, [own], { platforms });
  expect(await post({}, "own:predict")).toBe("200 ran");
  const { port } = await server.listenGrpc({ port: 0, host: "127.0.0.1" });
  using client = new GrpcClient(`127.0.0.1:${port}`);
  const reload = (...config: object[]) =>
    client.call(
      "ModelService/HandleReloadConfigRequest",
      { config: { model_config_list: { config } } },
      { deadline: Date.now() + 60_000 },
    );
  const config = { name: "own", base_path: own.basePath };
  expect((await reload(config)).status).toMatchObject({ error_code: 0 });
  expect(await post({}, "own:predict")).toBe("200 ran");
  const foreign = code("foreign");
  for (const model_platform of ["python", ""]) {
    const refused = reload(config, { name: "foreign", base_path: foreign, model_platform });
    void refused.catch(() => {});
    await expect
      .poll(() => server.manager.states("foreign").map(({ state }) => state))
      .not.toContain("available");
    await server.poll();
    expect(await post({}, "foreign:predict")).not.toContain("ran");
  }
  const named = reload(config, {
    name: "named",
    base_path: foreign,
    model_platform: "custom",
    custom_model_config: { module_path: join(foreign, "1/model.py") },
  });
  await expect(named).rejects.toThrow(/unsupported platform custom/);
});

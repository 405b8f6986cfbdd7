import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { type AddressInfo, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ask } from "../../server/test/ask.js";
import { hasOpenssl, selfSigned } from "../../server/test/tls-world.js";
import { freePort } from "./free-port.js";
import { endCommands, repository, start, startIn } from "./run-command.js";

const models = join(repository, "examples/models");
const [sample] = JSON.parse(readFileSync(join(models, "digits/samples.json"), "utf8"));
const PREDICT = "/v1/models/digits:predict";
const BODY = JSON.stringify({ instances: [sample.image] });

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "serving-kit-operation-"));
});
afterEach(() => {
  endCommands();
  rmSync(folder, { recursive: true, force: true });
});

const write = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};

/** Returns the command's stderr without the lines of TensorFlow Lite. */
const complaints = ({ output }: ReturnType<typeof start>) =>
  output.stderr.split("\n").filter((line) => line !== "" && !line.startsWith("INFO: "));

/** Returns the status of the whole server from the gRPC health service: 1 is SERVING. */
async function grpcHealth(authority: string, options: object = {}): Promise<number | undefined> {
  const session = connectHttp2(authority, options);
  const stream = session.request({
    ":method": "POST",
    ":path": "/grpc.health.v1.Health/Check",
    "content-type": "application/grpc",
    te: "trailers",
  });
  stream.end(Buffer.alloc(5)); // an empty message, behind its five bytes of frame
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part);
  session.close();
  const [, , , , , , status] = Buffer.concat(parts);
  return status;
}

/** A config file of one model whose predictions never end, or which is loaded when a file is there. */
function oddModel({ isSlow = false } = {}): string {
  const module = write(
    "odd.mjs",
    `import { existsSync } from "node:fs";
    const spec = { dtype: "float32", shape: [-1] };
    const of = (name) => new Map([[name, spec]]);
    export async function load() {
      while (${isSlow} && !existsSync("${folder}/go")) await new Promise((r) => setTimeout(r, 20));
      return {
        signatures: new Map([["serving_default", { inputs: of("x"), outputs: of("y") }]]),
        batchable: false,
        predict: () => new Promise((resolve) => setTimeout(resolve, 1e9)),
      };
    }`,
  );
  write("weights", "1");
  return write(
    "models.config",
    `model_config_list { config { name: "odd" base_path: "${folder}/weights" model_platform: "custom"
      custom_model_config { module_path: "${module}" model_class_name: "load" } } }`,
  );
}

describe("serving-kit instead of tensorflow_model_server", () => {
  it("serves REST and gRPC on ports and sockets, metrics, a log of requests, and reports ignored flags", async () => {
    const command = startIn(
      { MODEL_NAME: "digits", MODEL_BASE_PATH: models },
      "--port=any",
      "--rest_api_port=any",
      `--grpc_socket_path=${folder}/grpc.sock`,
      `--rest_api_socket_path=${folder}/rest.sock`,
      `--monitoring_config_file=${write("monitoring", 'prometheus_config { enable: true path: "/metrics" }')}`,
      `--request_log_file=${folder}/requests.jsonl`,
      "--log_format=json",
      "--rest_api_num_threads=4",
      "--enable_profiler=false",
      "superfluous",
    );
    await command.said(/serving digits at/);
    const lines = command.output.stdout.trim().split("\n");
    const log = lines.map((line): { level: string; msg: string } => JSON.parse(line));
    expect(log.filter(({ level }) => level === "warn").map(({ msg }) => msg)).toEqual([
      "unknown argument: superfluous (a flag is written --flag=value)",
      expect.stringMatching(/^--rest_api_num_threads has no effect: the event loop reads/),
    ]);
    const said = log.map(({ msg }) => msg).join("\n");
    const [, grpcPort] = /serving gRPC at localhost:(\d+)/.exec(said) ?? [];
    const [, restPort] = /serving REST at http:\/\/localhost:(\d+)/.exec(said) ?? [];
    // What scripts written for TF Serving wait for.
    expect(said).toMatch(
      new RegExp(`^Running gRPC ModelServer at [\\d.]+:${grpcPort} \\.\\.\\.$`, "m"),
    );
    expect(said).toContain(`\nRunning gRPC ModelServer at UNIX socket ${folder}/grpc.sock ...\n`);
    expect(said).toContain(`\nExporting HTTP/REST API at:localhost:${restPort} ...\n`);
    const socketPath = join(folder, "rest.sock");
    expect((await ask({ port: restPort }, PREDICT, BODY)).status).toBe(200);
    expect((await ask({ socketPath }, PREDICT, BODY)).status).toBe(200);
    expect((await ask({ socketPath }, "/metrics")).text).toContain(
      ':tensorflow:serving:request_count{model_name="digits",status="OK"} 2',
    );
    expect(await grpcHealth(`http://localhost:${grpcPort}`)).toBe(1);
    const createConnection = () => connect(join(folder, "grpc.sock"));
    expect(await grpcHealth("http://localhost", { createConnection })).toBe(1);
    command.child.kill("SIGTERM");
    expect(await command.ended).toBe(0);
    const logged = readFileSync(join(folder, "requests.jsonl"), "utf8").trim().split("\n");
    expect(logged).toHaveLength(2);
    expect(complaints(command)).toEqual([]);
  });

  it.skipIf(!hasOpenssl())("serves REST and gRPC over TLS (skipped: needs openssl)", async () => {
    const { key, cert } = selfSigned(folder, "server");
    const text = (pem: Buffer) => JSON.stringify(pem.toString()); // escapes as the text format does
    const ssl = write("ssl.config", `server_key: ${text(key)} server_cert: ${text(cert)}`);
    const command = start(
      "--model_name=digits",
      `--model_base_path=${models}/digits`,
      `--ssl_config_file=${ssl}`,
      "--port=any",
      "--rest_api_port=any",
    );
    const url = await command.said(/https:\/\/localhost:\d+\/v1\/models\/digits/);
    const [, grpcPort] = /gRPC at localhost:(\d+)/.exec(command.output.stdout) ?? [];
    const trusting = { ca: cert, host: "localhost", port: new URL(url).port };
    expect((await ask(trusting, PREDICT, BODY, true)).status).toBe(200);
    expect(await grpcHealth(`https://localhost:${grpcPort}`, { ca: cert })).toBe(1);
    expect(command.output.stdout + command.output.stderr).not.toContain("BEGIN");
  });

  it("disables REST if the ports are equal, and continues", async () => {
    const port = await freePort();
    const command = start(
      `--model_base_path=${models}/digits`,
      `--port=${port}`,
      `--rest_api_port=${port}`,
    );
    await command.said(/serving default$/m);
    await expect
      .poll(() => complaints(command))
      .toEqual([
        "--rest_api_port cannot be same as --port. Please use a different port for HTTP/REST API. " +
          "Skipped exporting HTTP/REST API.",
      ]);
    expect(await grpcHealth(`http://localhost:${port}`)).toBe(1);
  });

  it("names the flag of a gRPC port that is taken, before it looks for models", async () => {
    const other = createServer().listen(0);
    await once(other, "listening");
    const { port } = other.address() as AddressInfo;
    const command = start("--model_base_path=/nowhere", `--port=${port}`, "--rest_api_port=0");
    expect(await command.ended).toBe(1);
    expect(command.output.stderr).toBe(
      `serving-kit: --port: port ${port} is already in use; set another port, such as ` +
        `--port=${port + 1}, any (any free port) or 0 (disabled)\n`,
    );
    other.close();
  });
});

describe("serving-kit while a model is being loaded", () => {
  it("is live before it is ready, and exits immediately on a signal", async () => {
    const args = [`--model_config_file=${oddModel({ isSlow: true })}`, "--port=0"];
    const command = start(...args, "--rest_api_port=any", "--shutdown_deadline_in_ms=100");
    const url = await command.said(/http:\S+/);
    const status = async (path: string) => (await fetch(url + path)).status;
    expect([await status("/v1/health/live"), await status("/v1/health/ready")]).toEqual([200, 503]);
    expect((await ask({ port: new URL(url).port }, "/v1/models/odd:predict", "{}")).text).toBe(
      '{"error":"the server is starting: its models are still loading"}',
    );
    const other = start(...args, "--rest_api_port=any");
    await other.said(/http:\S+/);
    // Not while its files are still settling: there is nothing to abort then.
    const states = async () => (await fetch(`${url}/v1/models/odd`)).text();
    await expect.poll(states, { timeout: 10_000 }).toContain("LOADING");
    command.child.kill("SIGTERM");
    expect(await command.ended).toBe(0);
    expect(complaints(command)).toEqual([
      "aborting remaining work after 100 ms (--shutdown_deadline_in_ms)",
    ]);
    write("go", "");
    const ready = await other.said(/http:\S+(?=\/v1\/models\/odd)/);
    expect((await fetch(`${ready}/v1/health/ready`)).status).toBe(200);
  });
});

describe("serving-kit with a request that does not end", () => {
  it("cuts it off after the deadline and ends with 0", async () => {
    const command = start(
      ...[`--model_config_file=${oddModel()}`, "--port=0", "--rest_api_port=any"],
      "--shutdown_deadline_in_ms=300",
    );
    const url = await command.said(/http:\S+\/v1\/models\/odd/);
    const request = fetch(`${url}:predict`, { method: "POST", body: '{"instances":[1]}' });
    const failed = expect(request).rejects.toThrow();
    await fetch(url); // answered behind it, so that it is in flight
    command.child.kill("SIGTERM");
    await failed;
    expect(await command.ended).toBe(0);
    expect(command.output.stdout).toContain("SIGTERM: finishing the requests in flight");
    expect(command.output.stdout).not.toContain("all requests answered");
    expect(complaints(command)).toEqual([
      "aborting remaining work after 300 ms (--shutdown_deadline_in_ms)",
    ]);
  });
});

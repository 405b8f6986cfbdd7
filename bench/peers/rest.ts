import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onnxruntimeNodeFolder } from "../../packages/servable-onnx/test/onnxruntime-node-folder.js";
import { plainFlags } from "../../scripts/source-flags.mjs";
import type { Benchmark, Figure } from "../figure.js";
import { sendHttpLoad } from "../http-load.js";
import { median, spreadOf } from "../measure.js";
import { installFromNpm, installFromPyPi, type PeerCommand, startPeer } from "../peer-server.js";

const CONNECTIONS = 64;
const ROUNDS = 5;
const SECONDS = 2;

const models = fileURLToPath(new URL("../../examples/compare-engines", import.meta.url));
const servers = fileURLToPath(new URL("../peers-servers", import.meta.url));
const onnxModel = join(models, "onnx/1/model.onnx");

const picture = Array.from({ length: 8 }, (_, row) =>
  Array.from({ length: 8 }, (_, column) => [((row * 8 + column) % 17) / 16]),
);
const rows = JSON.stringify({ instances: [picture] });
/** The same picture in the Open Inference Protocol. */
const tensors = JSON.stringify({
  inputs: [{ name: "image", shape: [1, 8, 8, 1], datatype: "FP32", data: picture.flat(2) }],
});

/** A server that is compared. */
interface Peer {
  readonly name: string;
  readonly body: string;
  /** Installs it. Rejects with the reason if it cannot. */
  prepare(): Promise<PeerCommand>;
}

const kit = (format: string): Peer => ({
  name: `serving-kit, default settings, ${format}`,
  body: rows,
  prepare: async () => ({
    command: process.execPath,
    args: [...plainFlags, join(servers, "serving-kit.ts"), join(models, format)],
    path: "/v1/models/digits:predict",
  }),
});

const inExpress = (name: string, program: string, model: string, from: () => Promise<string>) => ({
  name,
  body: rows,
  prepare: async () => ({
    command: process.execPath,
    args: [...plainFlags, join(servers, program), await from(), model],
    path: "/predict",
  }),
});

const PEERS: readonly Peer[] = [
  kit("savedmodel"),
  kit("tflite"),
  kit("onnx"),
  inExpress("onnxruntime-node in Express", "express-onnxruntime.ts", onnxModel, async () =>
    join(onnxruntimeNodeFolder(), "package.json"),
  ),
  inExpress(
    "tfjs-node in Express",
    "express-tfjs-node.ts",
    join(models, "savedmodel/1"),
    async () => installFromNpm("@tensorflow/tfjs-node@4.22.0"),
  ),
  {
    name: "MLServer with onnxruntime",
    body: tensors,
    async prepare() {
      const bin = await installFromPyPi("mlserver", "mlserver==1.7.1", "onnxruntime==1.32.0");
      const port = 18_080;
      return {
        ...{ command: join(bin, "mlserver"), args: ["start", "."], port },
        cwd: mlserverFolder(port),
        env: { PYTHONPATH: servers },
        path: "/v2/models/digits/infer",
      };
    },
  },
  {
    name: "Triton by pytriton with onnxruntime",
    body: tensors,
    async prepare() {
      const bin = await installFromPyPi("pytriton", "nvidia-pytriton", "onnxruntime==1.32.0");
      const port = 18_090;
      const args = [join(servers, "pytriton_server.py"), onnxModel, String(port)];
      return { command: join(bin, "python"), args, port, path: "/v2/models/digits/infer" };
    },
  },
];

const benchmark: Benchmark = {
  name: `one convolutional net over REST, ${CONNECTIONS} connections, next to other servers`,
  async run() {
    const figures: Figure[] = [];
    for (const peer of PEERS) {
      try {
        figures.push(...(await measure(peer)));
      } catch (error) {
        process.stderr.write(`skipped: ${peer.name}: ${reasonOf(error)}\n`);
      }
    }
    return figures;
  },
};
export default benchmark;

async function measure({ name, body, prepare }: Peer): Promise<Figure[]> {
  await using server = await startPeer(await prepare(), body);
  const load = () =>
    sendHttpLoad({ url: server.url, body, connections: CONNECTIONS, seconds: SECONDS });
  await load();
  const results = [];
  for (let i = 0; i < ROUNDS; i++) results.push(await load());
  const rates = results.map(({ perSecond }) => perSecond);
  return [
    { name, value: median(rates), unit: "req/s", spread: spreadOf(rates) },
    { name: `${name}: p99`, value: median(results.map(({ p99Ms }) => p99Ms)), unit: "ms" },
    {
      name: `${name}: failed`,
      value: results.reduce((sum, { failed }) => sum + failed, 0),
      unit: "requests",
      goal: { atMost: 0 },
    },
  ];
}

/** Writes the settings of MLServer: one process, as the others. */
function mlserverFolder(port: number): string {
  const folder = mkdtempSync(join(tmpdir(), "serving-kit-mlserver-"));
  const settings = {
    http_port: port,
    grpc_port: port + 1,
    metrics_port: port + 2,
    host: "127.0.0.1",
  };
  writeFileSync(
    join(folder, "settings.json"),
    JSON.stringify({ ...settings, parallel_workers: 0 }),
  );
  const model = { name: "digits", implementation: "mlserver_model.Digits" };
  const parameters = { uri: onnxModel };
  writeFileSync(join(folder, "model-settings.json"), JSON.stringify({ ...model, parameters }));
  return folder;
}

/** The line of an error, or of the output of a command, that names it. */
function reasonOf(error: unknown): string {
  const {
    stderr = "",
    stdout = "",
    message = String(error),
  } = error as Partial<Record<"stderr" | "stdout" | "message", string>>;
  const lines = `${message}\n${stdout}\n${stderr}`.split("\n").filter((line) => /\w/.test(line));
  return (lines.findLast((line) => /Error: /.test(line)) ?? lines[0] ?? "").trim();
}

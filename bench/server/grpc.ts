import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { Agent, request } from "node:http";
import { fileURLToPath } from "node:url";
import { plainFlags } from "../../scripts/source-flags.mjs";
import type { Benchmark } from "../figure.js";
import { predictClient } from "../grpc-load.js";
import { type Contender, measure, speedRatio } from "../measure.js";
import { field, tensorContent } from "../predict-request.js";

const SIDE = 224;
const CHANNELS = 3;
const pixels = Float32Array.from({ length: SIDE * SIDE * CHANNELS }, (_, i) => (i % 256) / 256);

/** The number of concurrent calls. */
const CALLERS = 4;

/** The PredictRequest of the image, as `tensor_content`. */
const predictRequest = Buffer.concat([
  field(1, field(1, Buffer.from("mean"))),
  tensorContent("image", [1, SIDE, SIDE, CHANNELS], pixels),
]);

function jsonRequest(): Buffer {
  const at = (row: number, column: number) => 3 * (SIDE * row + column);
  const pixel = (i: number) => Array.from(pixels.subarray(i, i + 3));
  const rows = Array.from({ length: SIDE }, (_, row) =>
    Array.from({ length: SIDE }, (_, column) => pixel(at(row, column))),
  );
  return Buffer.from(JSON.stringify({ instances: [rows] }));
}

/** A server in a process of its own. */
class Server {
  readonly port: number;
  readonly #child: ChildProcess;
  #calls = 0;

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  static async start(kind: string, ...nodeOptions: string[]): Promise<Server> {
    const file = fileURLToPath(new URL("../image-server.ts", import.meta.url));
    const child = fork(file, [kind], { execArgv: [...nodeOptions, ...plainFlags] });
    const died = once(child, "exit").then(([code]) => {
      throw new Error(`the server ${kind} ended with ${code} before it listened`);
    });
    const [port] = (await Promise.race([once(child, "message"), died])) as [number];
    died.catch(() => {});
    return new Server(child, port);
  }

  /** Keeps `CALLERS` calls under way until there were as many as asked for. */
  calling(call: () => Promise<void>): Contender {
    return async (operations) => {
      this.#calls += operations;
      let left = operations;
      const caller = async () => {
        while (left-- > 0) await call();
      };
      await Promise.all(Array.from({ length: CALLERS }, caller));
    };
  }

  /** The CPU time that the process has taken since it began, its start included, for a call, in µs. */
  async cpuUs(): Promise<number> {
    this.#child.send("cpu");
    const [{ user, system }] = (await once(this.#child, "message")) as [NodeJS.CpuUsage];
    return (user + system) / this.#calls;
  }

  stop(): void {
    this.#child.disconnect();
  }
}

function grpcCalling(server: Server): Contender {
  const client = predictClient(server.port);
  return server.calling(async () => {
    await client.predict(predictRequest);
  });
}

function jsonCalling(server: Server): Contender {
  const bytes = jsonRequest();
  const agent = new Agent({ keepAlive: true });
  const options = { port: server.port, host: "127.0.0.1", method: "POST", agent };
  return server.calling(
    () =>
      new Promise((resolve, reject) => {
        const sent = request(options, (response) => {
          response.resume();
          response.once("end", () => resolve());
        });
        sent.once("error", reject);
        sent.end(bytes);
      }),
  );
}

/** The limit that the command sets, so that messages do not make V8 collect its heap continuously. */
const COMMAND_V8 = "--heap-growing-percent=400";

const benchmark: Benchmark = {
  name: "gRPC predict of a 1x224x224x3 image, against bare grpc-js and against JSON.parse",
  async run() {
    const kit = await Server.start("kit");
    const command = await Server.start("kit", COMMAND_V8);
    const bare = await Server.start("bare");
    const json = await Server.start("json");
    const measured = await measure(
      {
        kit: grpcCalling(kit),
        command: grpcCalling(command),
        bare: grpcCalling(bare),
        json: jsonCalling(json),
      },
      { rounds: 15, roundMs: 400, warmUpMs: 2_000 },
    );
    const [kitUs, commandUs, bareUs] = [
      await kit.cpuUs(),
      await command.cpuUs(),
      await bare.cpuUs(),
    ];
    for (const server of [kit, command, bare, json]) server.stop();
    const image = "tensor_content of 1x224x224x3 float32";
    return [
      {
        name: `${image}, calls against bare grpc-js`,
        value: 100 * speedRatio(measured.kit, measured.bare),
        unit: "%",
        goal: { atLeast: 85 },
        baseline: 100,
        spread: measured.kit.spread,
      },
      {
        name: `${image} with ${COMMAND_V8}, against bare grpc-js`,
        value: 100 * speedRatio(measured.command, measured.bare),
        unit: "%",
        goal: { atLeast: 85 },
        baseline: 100,
        spread: measured.command.spread,
      },
      {
        name: `${image}, against node:http with JSON.parse and flattening`,
        value: speedRatio(measured.kit, measured.json),
        unit: "x",
        goal: { atLeast: 4 },
        baseline: 1,
        spread: measured.json.spread,
      },
      {
        name: `${image}, calls a second`,
        value: measured.kit.perSecond,
        unit: "op/s",
        baseline: measured.bare.perSecond,
        spread: measured.kit.spread,
      },
      { name: "CPU time of a call, all threads", value: kitUs, unit: "µs", baseline: bareUs },
      {
        name: `CPU time of a call, all threads, with ${COMMAND_V8}`,
        value: commandUs,
        unit: "µs",
        baseline: bareUs,
      },
    ];
  },
};
export default benchmark;

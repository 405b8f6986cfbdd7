import { Agent, request } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { predictClient } from "../../bench/grpc-load.js";
import { field, tensorContent } from "../../bench/predict-request.js";
import type { Ports } from "../server-process.js";

/** The outcomes of all calls. */
export class Tally {
  answered = 0;
  wrong = 0;
  readonly failures = new Map<string, number>();
  left = 0;

  get failed(): number {
    return [...this.failures.values()].reduce((sum, count) => sum + count, 0);
  }

  fail(why: string): void {
    this.failures.set(why, 1 + (this.failures.get(why) ?? 0));
  }
}

const PATH = "/v1/models/digits:predict";
const IMAGE = Float32Array.from({ length: 64 }, (_, i) => (i % 17) / 16);
const BODY = JSON.stringify({ instances: [[...IMAGE]] });
const MESSAGE = Buffer.concat([
  field(1, field(1, Buffer.from("digits"))),
  tensorContent("image", [1, 64], IMAGE),
]);

/** Posts a prediction. Resolves with its answer. Rejects if it has another status than 200. */
export function askRest({ rest }: Ports, agent?: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { port: rest, host: "127.0.0.1", method: "POST", path: PATH, agent };
    const sending = request(options, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      response.once("error", reject).once("end", () => {
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`${response.statusCode} ${text.slice(0, 200)}`));
      });
    });
    sending.once("error", reject).end(BODY);
  });
}

/** Calls Predict. Resolves with the bytes of the outputs, without the model spec, which has the version. */
export async function askGrpc(predict: (bytes: Buffer) => Promise<Buffer>): Promise<string> {
  return outputsOf(await predict(MESSAGE));
}

/** The fields of a PredictResponse but its model spec, field 2. */
function outputsOf(answer: Buffer): string {
  for (let at = 0; at < answer.length; ) {
    const tag = answer[at] as number;
    let length = 0;
    let i = at + 1;
    for (let shift = 0; ; shift += 7) {
      const byte = answer[i++] as number;
      length |= (byte & 127) << shift;
      if (byte < 128) break;
    }
    if (tag === ((1 << 3) | 2)) return answer.toString("base64", at, i + length);
    at = i + length;
  }
  return "";
}

/** The answers that are right over each transport: those of both files. */
export interface Answers {
  readonly rest: Set<string>;
  readonly grpc: Set<string>;
}

/** Asks for what is right now. */
export async function learn(ports: Ports, answers: Answers): Promise<void> {
  answers.rest.add(await askRest(ports));
  const client = predictClient(ports.grpc);
  answers.grpc.add(await askGrpc(client.predict));
  client.close();
}

/** Asks again and again over one connection until the signal aborts. */
async function keepAsking(
  ask: () => Promise<string>,
  right: Set<string>,
  tally: Tally,
  signal: AbortSignal,
) {
  while (!signal.aborted) {
    try {
      if (right.has(await ask())) tally.answered++;
      else tally.wrong++;
    } catch (error) {
      tally.fail(String((error as Error).message));
    }
  }
}

/** Clients over REST and gRPC, so many of each, and one that breaks off. Resolves when the signal has aborted. */
export async function runClients(
  ports: Ports,
  answers: Answers,
  tallies: { readonly rest: Tally; readonly grpc: Tally },
  { count, signal }: { readonly count: number; readonly signal: AbortSignal },
): Promise<void> {
  const agents = Array.from({ length: count }, () => new Agent({ keepAlive: true, maxSockets: 1 }));
  const clients = Array.from({ length: count }, () => predictClient(ports.grpc));
  await Promise.all([
    ...agents.map((agent) =>
      keepAsking(() => askRest(ports, agent), answers.rest, tallies.rest, signal),
    ),
    ...clients.map(({ predict }) =>
      keepAsking(() => askGrpc(predict), answers.grpc, tallies.grpc, signal),
    ),
    keepLeaving(ports, tallies, signal),
  ]);
  for (const agent of agents) agent.destroy();
  for (const client of clients) client.close();
}

/** Sends parts of requests, and goes. */
async function keepLeaving(
  { rest, grpc }: Ports,
  tallies: { readonly rest: Tally; readonly grpc: Tally },
  signal: AbortSignal,
): Promise<void> {
  const head = `POST ${PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${BODY.length}\r\n\r\n`;
  for (let i = 0; !signal.aborted; i++) {
    const socket = connect(rest, "127.0.0.1").on("error", () => {});
    socket.write(i % 2 === 0 ? head + BODY : head + BODY.slice(0, 50));
    const session = connectHttp2(`http://127.0.0.1:${grpc}`).on("error", () => {});
    const headers = { ":method": "POST", ":path": "/tensorflow.serving.PredictionService/Predict" };
    const stream = session.request({
      ...headers,
      "content-type": "application/grpc",
      te: "trailers",
    });
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(MESSAGE.length, 1);
    stream.on("error", () => {}).write(Buffer.concat([prefix, MESSAGE]));
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.destroy();
    session.destroy();
    tallies.rest.left++;
    tallies.grpc.left++;
  }
}

import { spawn } from "node:child_process";
import type { Duplex } from "node:stream";
import { tensor } from "@serving-kit/inference";
import type { Benchmark, Figure } from "../figure.js";
import { median, spreadOf } from "../measure.js";
import { barePipeline, FEATURES, loadPipeline, pythonWithNumpy } from "../python-pipeline.js";

const ROUNDS = 15;
const CALLS = 300;

const benchmark: Benchmark = {
  name: "Python models against the bare Python call and a bare socket pair, interleaved",
  async run() {
    const interpreter = pythonWithNumpy();
    if (interpreter === undefined) return [];
    return [
      await pipeline(interpreter, 1),
      await pipeline(interpreter, 64),
      await echo(interpreter),
    ];
  },
};
export default benchmark;

async function timeNs(call: () => Promise<unknown>, calls: number): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < calls; i++) await call();
  return (1e6 * (performance.now() - start)) / calls;
}

/** The time of `ours` as a multiple of `bare`: the median of the ratios of rounds. */
async function compare(
  name: string,
  atMost: number,
  ours: () => Promise<number>,
  bare: () => Promise<number>,
): Promise<Figure> {
  for (let i = 0; i < 3; i++) {
    await ours();
    await bare();
  }
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const isFirst = round % 2 === 0;
    const first = await (isFirst ? ours() : bare());
    const second = await (isFirst ? bare() : ours());
    ratios.push(isFirst ? first / second : second / first);
  }
  return { name, value: median(ratios), unit: "x", goal: { atMost }, spread: spreadOf(ratios) };
}

async function pipeline(interpreter: string, rows: number): Promise<Figure> {
  using bare = await barePipeline(interpreter, rows);
  await using model = (await loadPipeline(interpreter)) as Required<
    Awaited<ReturnType<typeof loadPipeline>>
  >;
  const x = tensor("float32", [rows, FEATURES], new Float32Array(rows * FEATURES).fill(1));
  const us = Math.round((await bare.run(CALLS)) / 1_000);
  return await compare(
    `a pipeline, ${rows} row${rows === 1 ? "" : "s"}, against the bare Python call (${us} µs)`,
    2,
    () => timeNs(() => model.predict({ x }), CALLS),
    () => bare.run(CALLS),
  );
}

const IMAGE = [1, 224, 224, 3] as const;

async function echo(interpreter: string): Promise<Figure> {
  await using model = (await loadPipeline(interpreter)) as Required<
    Awaited<ReturnType<typeof loadPipeline>>
  >;
  const x = tensor("float32", IMAGE, new Float32Array(224 * 224 * 3).fill(1));
  using bare = bareEcho(interpreter, x.data.byteLength);
  return await compare(
    "602 KB there and back, against a bare socket pair",
    1.3,
    () => timeNs(() => model.predict({ x }, { signature: "echo" }), CALLS / 3),
    () => timeNs(() => bare.call(new Uint8Array(x.data.buffer)), CALLS / 3),
  );
}

/** Python that sends back each message of a fixed size, from fd 3, into a buffer that it has. */
const ECHO = `
import socket, sys
size = int(sys.argv[1])
s = socket.socket(fileno=3)
s.setblocking(True)
buffer = memoryview(bytearray(size))
while True:
    done = 0
    while done < size:
        count = s.recv_into(buffer[done:])
        if count == 0:
            sys.exit()
        done += count
    s.sendall(buffer)
`;

function bareEcho(interpreter: string, size: number) {
  const child = spawn(interpreter, ["-c", ECHO, String(size)], {
    stdio: ["ignore", "inherit", "inherit", "pipe"],
  });
  const socket = child.stdio[3] as Duplex;
  let answer = new Uint8Array(size);
  let filled = 0;
  let resolve: (answer: Uint8Array) => void = () => {};
  socket.on("data", (chunk: Uint8Array) => {
    answer.set(chunk, filled);
    filled += chunk.length;
    if (filled < size) return;
    filled = 0;
    const whole = answer;
    answer = new Uint8Array(size);
    resolve(whole);
  });
  return {
    call(bytes: Uint8Array): Promise<Uint8Array> {
      const answered = new Promise<Uint8Array>((done) => {
        resolve = done;
      });
      socket.write(bytes);
      return answered;
    },
    [Symbol.dispose]: () => void child.kill(),
  };
}

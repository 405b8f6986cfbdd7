import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { grpcCaller, Load, restCaller } from "../../server/test/load.js";
import { freePort } from "./free-port.js";
import { endCommands, repository, start } from "./run-command.js";

const digits = join(repository, "examples/models/digits");
const [sample] = JSON.parse(readFileSync(join(digits, "samples.json"), "utf8"));

let folder: string;
let flags: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "serving-kit-load-"));
  const parameters = join(folder, "batching.pbtxt");
  // Calls wait in the queue for most of their time: at any moment nearly all of them are in flight.
  writeFileSync(parameters, "max_batch_size { value: 64 } batch_timeout_micros { value: 50000 }");
  flags = [
    "--model_name=digits",
    `--model_base_path=${digits}`,
    "--enable_batching",
    `--batching_parameters_file=${parameters}`,
  ];
});
afterEach(() => {
  endCommands();
  rmSync(folder, { recursive: true, force: true });
});

async function serve({ restPort, grpcPort }: Ports, ...more: string[]) {
  const command = start(...flags, `--rest_api_port=${restPort}`, `--port=${grpcPort}`, ...more);
  await command.said(/serving digits at/);
  return command;
}

interface Ports {
  readonly restPort: number;
  readonly grpcPort: number;
}

/** Twelve callers over REST, each with its connection, and twelve over three gRPC channels. */
function loadOf({ restPort, grpcPort }: Ports): Load {
  const image = {
    dtype: 1,
    tensor_shape: { dim: [{ size: 1 }, { size: 64 }] },
    tensor_content: Buffer.from(Float32Array.from(sample.image).buffer),
  };
  const url = `http://127.0.0.1:${restPort}/v1/models/digits:predict`;
  const rest = () => restCaller(url, JSON.stringify({ instances: [sample.image] }));
  const channel = () => grpcCaller(`127.0.0.1:${grpcPort}`, "digits", { image });
  const channels = Array.from({ length: 3 }, channel);
  return new Load([
    ...Array.from({ length: 12 }, rest),
    ...channels,
    ...channels,
    ...channels,
    ...channels,
  ]);
}

describe("the command under load", () => {
  it("on SIGTERM without a lame duck finishes requests in flight, rejects later ones, and exits with 0", async () => {
    const ports = { restPort: await freePort(), grpcPort: await freePort() };
    const command = await serve(ports, "--lame_duck_in_ms=0");
    const load = loadOf(ports);
    await load.more(100);
    const { heardAtMs } = load;
    const toldAtMs = performance.now();
    command.child.kill("SIGTERM");
    expect(await command.ended).toBe(0);
    await load.stop();
    expect(load.endsBefore(heardAtMs)).toEqual(["ok"]);
    // What was under way to the process at that moment is answered as well: that it is too late.
    const late = load.endsBefore(toldAtMs).filter((end) => !["ok", "503", "refused"].includes(end));
    expect(late).toEqual([]);
    await load[Symbol.asyncDispose]();
  });

  it("killed in the middle leaves nothing that keeps it from starting again on its ports", async () => {
    const ports = { restPort: await freePort(), grpcPort: await freePort() };
    const first = await serve(ports);
    const load = loadOf(ports);
    await load.more(100);
    first.child.kill("SIGKILL");
    await first.ended;
    const answeredByFirst = load.count("ok");
    await serve(ports);
    await load.more(100);
    const recoveredAtMs = performance.now();
    await load.more(100);
    await load.stop();
    expect(load.count("ok")).toBeGreaterThan(answeredByFirst + 150);
    const later = load.outcomes.filter(({ sentAtMs }) => sentAtMs > recoveredAtMs);
    expect([...new Set(later.map(({ ended }) => ended))]).toEqual(["ok"]);
    await load[Symbol.asyncDispose]();
  });
});

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Tensor, tensor } from "@serving-kit/inference";
import {
  jsonlSink,
  requestLogStream,
  tfRecordSink,
  warmUpFileFromJsonl,
} from "@serving-kit/observability";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
// The reader of warm-up files, which the server itself does not know.
import {
  readWarmUpRequests,
  WARM_UP_FILE,
} from "../../servable-tensorflow/src/warm-up/prediction-log.js";
import type { LoggedRequest, RequestLogOptions } from "../src/index.js";
import { World } from "./world.js";

let world: World;

beforeAll(async () => {
  world = await World.create();
  await world.publish("m", 7);
});
afterAll(() => world[Symbol.asyncDispose]());

/** Serves with a request log, sends requests of each kind, and closes. */
async function logged(requestLog: RequestLogOptions): Promise<string> {
  await using server = await world.serve(["m"], { requestLog, metrics: {} });
  const send = async (path: string, body?: object) => {
    const init = body ? { method: "POST", body: JSON.stringify(body) } : {};
    const response = await server.fetch(new Request(`http://host${path}`, init));
    return response.text();
  };
  await send("/v1/models/m:predict", { instances: [1, 2.5] });
  await send("/v1/models/m:predict", { signature_name: "int64", instances: [4] });
  await send("/v1/models/m:predict", { instances: ["no number"] });
  const examples = [{ a: [1] }, { a: [2] }];
  await send("/v1/models/m:regress", { signature_name: "regress", examples });
  await send("/v1/models/m:classify", { signature_name: "classify", examples });
  return send("/monitoring/prometheus/metrics");
}

/** Checks that a file is one of warm-up requests with what `logged` sent and was answered. */
async function expectWarmUp(bytes: Uint8Array): Promise<void> {
  const folder = join(world.path, "saved-model");
  await mkdir(join(folder, "assets.extra"), { recursive: true });
  await writeFile(join(folder, WARM_UP_FILE), bytes);
  const requests = await readWarmUpRequests(folder);
  expect(requests.map(({ signature }) => signature)).toEqual([
    "serving_default",
    "int64",
    "regress",
    "classify",
  ]);
  expect(requests[0]?.inputs).toEqual({ x: tensor("float32", [2], [1, 2.5]) });
  expect(requests[1]?.inputs).toEqual({ x: tensor("int64", [1], [4n]) });
  const examples = requests[2]?.inputs.inputs as Tensor<"string">;
  expect(examples.shape).toEqual([2]);
  expect(Buffer.from(examples.data[0] as Uint8Array).includes("a")).toBe(true);
}

it("logs and counts a call within the process as any request", async () => {
  const requests: LoggedRequest[] = [];
  await using server = await world.serve(["m"], {
    metrics: {},
    requestLog: { sink: { write: (all) => void requests.push(...all) } },
  });
  await server.predict("m", { x: [1] });
  const page = await server.fetch(new Request("http://host/monitoring/prometheus/metrics"));
  expect(await page?.text()).toContain('request_count{model_name="m",status="OK"} 1\n');
  await expect
    .poll(() => requests)
    .toMatchObject([{ api: "Predict", id: { name: "m", version: 7n } }]);
});

describe("sinks", () => {
  it("tfRecordSink writes a warm-up file of the requests that succeeded", async () => {
    const path = join(world.path, "log.tfrecord");
    await logged({ sink: tfRecordSink(path) });
    await expectWarmUp(await readFile(path));
  });

  it("jsonlSink writes a line for each, of which a warm-up file can be made", async () => {
    const path = join(world.path, "log.jsonl");
    await logged({ sink: jsonlSink(path), samplingRate: 1 });
    const text = await readFile(path, "utf8");
    const [first] = text.split("\n").map((line) => line && JSON.parse(line));
    expect(first.log_metadata).toEqual({
      model_spec: { name: "m", version: { value: "7" }, signature_name: "serving_default" },
      sampling_config: { sampling_rate: 1 },
    });
    await expectWarmUp(await warmUpFileFromJsonl(text));
    await expect(warmUpFileFromJsonl("{}\n{")).rejects.toMatchObject({
      reason: "REQUEST_LOG_INVALID",
      message: expect.stringContaining("line 2"),
    });
  });

  it("requestLogStream is read by for await, until the server closes", async () => {
    const sink = requestLogStream();
    const apis: string[] = [];
    const reading = (async () => {
      for await (const { api, id } of sink) apis.push(`${api} ${id.version}`);
    })();
    await logged({ sink });
    await reading;
    expect(apis).toEqual(["Predict 7", "Predict 7", "Regress 7", "Classify 7"]);
  });

  it("fail no request: what a sink rejects is lost and counted", async () => {
    const metrics = await logged({
      sink: {
        write() {
          throw new Error("the disk is full");
        },
      },
    });
    expect(metrics).toContain('request_count{model_name="m",status="OK"} 4');
    expect(metrics).toMatch(/request_log_count\{model_name="m",status_code="INTERNAL"\} 4/);
  });
});

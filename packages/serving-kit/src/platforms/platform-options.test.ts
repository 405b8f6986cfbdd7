import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { PlatformSettings } from "../config-files/platform-config-file.js";
import { parseFlags } from "../flags.js";
import { serverFlags } from "../server-flags.js";
import { tensorflowOptionsOf } from "./tensorflow.js";
import { tensorflowFlags } from "./tensorflow-flags.js";
import { tfliteOptionsOf } from "./tflite.js";

const folder = mkdtempSync(join(tmpdir(), "serving-kit-options-"));
afterAll(() => rmSync(folder, { recursive: true }));

const platform: PlatformSettings = {
  session: { sessionConfig: Uint8Array.of(16, 3) },
  tags: ["a"],
  batching: undefined,
  perModelBatchingParameters: false,
  warmup: false,
  warmupIterations: 0,
  mixedPrecision: "",
  preferTflite: true,
  tflitePools: 2,
  tfliteInterpretersPerPool: 2,
  ignored: [],
};

async function options(args: string[], platformConfig?: PlatformSettings) {
  const setup = { flags: parseFlags(serverFlags, args).flags, platformConfig };
  return {
    tensorflow: await tensorflowOptionsOf(setup),
    tflite: tfliteOptionsOf(setup),
    preferred: tensorflowFlags.prefers?.(setup),
  };
}

describe("the options of the platforms", () => {
  it("are TF Serving's defaults", async () => {
    expect(await options([])).toEqual({
      tensorflow: { tags: ["serve"], warmup: "file" },
      tflite: { warmup: true, resizeFixed: true },
      preferred: undefined,
    });
  });

  it.each([
    [["--saved_model_tags=serve,gpu"], { tags: ["serve", "gpu"] }],
    [["--tensorflow_session_parallelism=2"], { intraOpThreads: 2, interOpThreads: 2 }],
    [["--tensorflow_intra_op_parallelism=3"], { intraOpThreads: 3 }],
    [["--tensorflow_inter_op_parallelism=3"], { interOpThreads: 3 }],
    // As in TF Serving, where one of the two outweighs the flag for both.
    [
      ["--tensorflow_session_parallelism=2", "--tensorflow_intra_op_parallelism=3"],
      { intraOpThreads: 3 },
    ],
    [["--per_process_gpu_memory_fraction=0.5"], { gpu: { memoryFraction: 0.5 } }],
    [["--enable_model_warmup=false"], { warmup: "none" }],
    [["--num_request_iterations_for_warmup=3"], { warmupIterations: 3 }],
    [["--num_request_iterations_for_warmup=-3"], {}],
    // ConfigProto { graph_options { rewrite_options { auto_mixed_precision_onednn_bfloat16: ON } } }
    [["--mixed_precision=bfloat16"], { sessionConfig: Buffer.from("52055203f80101", "hex") }],
    [["--mixed_precision=float16"], {}],
  ])("map %j to options of tensorflow()", async (args, expected) => {
    const { tensorflow } = await options(args);
    expect(tensorflow).toEqual({ tags: ["serve"], warmup: "file", ...expected });
  });

  it.each([
    [["--enable_model_warmup=false"], { warmup: false }],
    [["--tflite_state=keep"], { warmup: true, state: "keep" }],
    [["--tflite_resize_fixed=false"], { warmup: true, resizeFixed: false }],
    [["--tflite_batch=resize"], { warmup: true, batch: "resize" }],
    [["--num_tflite_pools=4"], { warmup: true, interpreters: 4 }],
    [["--num_tflite_interpreters_per_pool=2"], { warmup: true, interpreters: 2 }],
    [
      ["--num_tflite_pools=4", "--num_tflite_interpreters_per_pool=2"],
      { warmup: true, interpreters: 8 },
    ],
  ])("map %j to options of tflite()", async (args, expected) => {
    expect((await options(args)).tflite).toEqual({ resizeFixed: true, ...expected });
  });

  it("have the session config file below the flags", async () => {
    const file = join(folder, "session.config");
    writeFileSync(file, "inter_op_parallelism_threads: 4");
    const session = `--tensorflow_session_config_file=${file}`;
    expect((await options([session])).tensorflow).toMatchObject({
      sessionConfig: Buffer.of(40, 4),
      interOpThreads: 4,
    });
    const args = ["--tensorflow_session_parallelism=2"];
    expect((await options([session, ...args])).tensorflow).toMatchObject({
      intraOpThreads: 2,
      interOpThreads: 2,
    });
  });

  it("are all from the platform config file if there is one", async () => {
    const args = ["--tensorflow_session_parallelism=2", "--per_process_gpu_memory_fraction=1"];
    expect(await options(args, platform)).toEqual({
      tensorflow: { tags: ["a"], sessionConfig: Buffer.of(16, 3), warmup: "none" },
      tflite: { warmup: false, interpreters: 4, resizeFixed: true },
      preferred: "tflite",
    });
  });
});

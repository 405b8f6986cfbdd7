import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { parseModelConfig } from "@serving-kit/server";
import { describe, expect, it } from "vitest";
import { findPython } from "../../server/test/python.js";
import { configProto } from "../src/config-files/config-types.js";
import { readSessionConfigFile } from "../src/config-files/session-config-file.js";

const PACKAGES = ["tensorflow", "tensorflow_serving"];
const python = findPython(...PACKAGES);
const why = `needs Python with ${PACKAGES.join(", ")}: name it by SERVING_KIT_PYTHON`;

describe.skipIf(python === undefined)(
  `every field of TensorFlow's and TF Serving's messages${python ? "" : ` (skipped: ${why})`}`,
  () => {
    it("is known", async () => {
      const script = join(import.meta.dirname, "clients/known_fields.py");
      const { stdout } = await promisify(execFile)(python as string, [script]);
      const texts = JSON.parse(stdout) as { session: string; models: string };
      const folder = await mkdtemp(join(tmpdir(), "serving-kit-fields-"));
      const path = join(folder, "session.config");
      await writeFile(path, texts.session);
      const { sessionConfig } = await readSessionConfigFile(path);
      expect(configProto.decode(sessionConfig as Uint8Array)).toMatchObject({
        experimental: { mlirBridgeRollout: 1, sessionMetadata: { name: "x" } },
        graphOptions: { rewriteOptions: { scopedAllocatorOpts: { enableOp: ["x"] } } },
      });
      // It fills in values that no model can have, which is what is refused.
      expect(() => parseModelConfig(texts.models, "f")).toThrow(
        /logging_config.log_collector_config.type: expected "jsonl", "tfrecord"; got "x"$/,
      );
      await rm(folder, { recursive: true });
    }, 60_000);
  },
);

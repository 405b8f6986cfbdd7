import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { parseModelConfig } from "../src/index.js";
import { findPython } from "./python.js";
import { World } from "./world.js";

const python = findPython("tensorflow_serving", "grpc");
const why = "needs Python with tensorflow-serving-api, named by SERVING_KIT_PYTHON";

describe.skipIf(python === undefined)(
  `tensorflow-serving-api for Python ${python ?? `(skipped: ${why})`}`,
  () => {
    it("reads a model config file as we do, and reloads a server with it", async () => {
      await using world = await World.create();
      await world.publish("a", 3);
      await world.publish("a", "9007199254740993");
      const text = `
        # as people write it
        model_config_list: {
          config: [{
            name: "a", base_path: "${world.path}/a" model_platform: 'fixture'
            model_version_policy: { specific: { versions: [3, 9007199254740993] } };
            version_labels { key: "stable" value: 3 }
            version_labels: < key: "canary", value: 9007199254740993 >
          }]
        }`;
      const path = join(world.path, "models.config");
      await writeFile(path, text);
      const server = await world.serve([], { modelRoots: ["/"] });
      const { port } = await server.listenGrpc({ port: 0, host: "127.0.0.1" });
      const { stdout } = await promisify(execFile)(
        python as string,
        [join(import.meta.dirname, "clients/reload.py"), `127.0.0.1:${port}`, path],
        { env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: "3" } },
      );
      const answer = JSON.parse(stdout);
      const models = parseModelConfig(text, path);
      expect(models[0]?.labels).toEqual({ stable: 3n, canary: 9007199254740993n });
      expect(parseModelConfig(answer.text, path)).toEqual(models);
      expect(parseModelConfig(answer.json, path)).toEqual(models);
      expect(parseModelConfig(answer.proto, path)).toEqual(models);
      expect(answer.status).toEqual({ code: 0, message: "" });
      expect(server.manager.labels("a").get("canary")).toEqual({ version: 9007199254740993n });
      expect(answer.absent).toEqual({
        failed: "UNAVAILABLE",
        message: expect.stringMatching(
          /^the models were replaced, but 1 of 2 are not available: model absent: .*\/nowhere\/absent/,
        ),
      });
    }, 60_000);
  },
);

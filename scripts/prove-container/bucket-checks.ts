import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { sourceFlags } from "../source-flags.mjs";
import { bare, expectDigits, models } from "./checks.js";
import type { Engine } from "./engine.js";
import { eventually } from "./requests.js";

/** A port of this machine that nothing listens on. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}

/** Models come from a bucket, for any user, with nothing but the cache to write; without that the error names it. */
export async function checkBucket(engine: Engine, image: string, folder: string): Promise<string> {
  const program = join(import.meta.dirname, "bucket.ts");
  const bucket = fork(program, [join(models, "digits")], { execArgv: sourceFlags });
  try {
    const [{ environment }] = await once(bucket, "message");
    const variables = {
      ...environment,
      MODEL_BASE_PATH: "s3://bucket/models",
      MODEL_NAME: "digits",
    };
    const given = Object.entries(variables).map((one) => `--env=${one.join("=")}`);
    const start = async (...args: readonly string[]) => {
      const port = await freePort();
      const flags = [`--rest_api_port=${port}`, "--port=0"];
      const options = [...bare, "--network=host", ...given, ...args];
      return { port, container: await engine.start(...options, image, ...flags) };
    };
    for (const user of [[], ["--user=12345:0"]]) {
      const { port, container } = await start(...user);
      await expectDigits(port, "/v1/models/digits");
      assert.equal(await container.stop(), 0);
    }
    const empty = join(folder, "empty");
    mkdirSync(empty);
    const { container } = await start(`--volume=${empty}:/var/cache/serving-kit:ro`);
    await eventually(async () =>
      assert.match(
        await container.logs(),
        /the model cache \/var\/cache\/serving-kit\/models cannot be written: .*mount a volume there/,
      ),
    );
    await container.stop();
    return "its client reads a bucket, as any user with --read-only; without a cache to write the error names the mount";
  } finally {
    bucket.disconnect();
  }
}

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { canReusePort } from "@serving-kit/native-library";
import { afterEach, expect, it } from "vitest";
import { endCommands, repository, start } from "./run-command.js";

const digits = join(repository, "examples/models/digits");
const [sample] = JSON.parse(readFileSync(join(digits, "samples.json"), "utf8"));

afterEach(endCommands);

it.skipIf(!canReusePort)(
  "--http_threads answers from several event loops, and drains them all (needs Linux)",
  async () => {
    const flags = ["--http_threads=2", "--rest_api_port=any", "--port=0", "--host=127.0.0.1"];
    const { child, ended, said, output } = start(
      ...[...flags, "--enable_batching", "--model_name=digits", `--model_base_path=${digits}`],
    );
    const [port] = /\d+(?=\/v1)/.exec(await said(/serving digits at .*\/v1/)) ?? [];
    const answers = await Promise.all(
      Array.from({ length: 16 }, async () => {
        const path = "/v1/models/digits:predict";
        const sent = request({ port, host: "127.0.0.1", method: "POST", path, agent: false });
        sent.end(JSON.stringify({ instances: [sample.image] }));
        const [response] = (await once(sent, "response")) as [IncomingMessage];
        return text(response);
      }),
    );
    for (const answer of answers) {
      const [probabilities] = JSON.parse(answer).predictions;
      expect(probabilities.indexOf(Math.max(...probabilities))).toBe(sample.label);
    }
    child.kill("SIGTERM");
    expect(await ended).toBe(0);
    expect(output.stdout).toContain("stopped: all requests answered, all models unloaded");
    const complaints = output.stderr.split("\n").filter((line) => line && !/^INFO: /.test(line));
    expect(complaints).toEqual([]);
  },
);

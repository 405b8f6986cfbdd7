import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { libraryReport } from "@serving-kit/servable-tensorflow";
import { describe, expect, it } from "vitest";
import { runExample } from "../run-example.js";

const { problem = "" } = await libraryReport();
const reason = problem && ` [skipped: ${problem.split("\n")[0]}]`;

describe.skipIf(reason)(`resnet-jpeg${reason}`, () => {
  it("prints the class of each picture", async () => {
    const { code, stdout } = await runExample("resnet-jpeg/main.ts");
    expect(stdout).toMatch(
      /^gradient\.jpg: class \d, \d+\.\d %\ncheckers\.jpg: class \d, \d+\.\d %\n$/,
    );
    expect(code).toBe(0);
  });
});

describe("the tutorial's client", () => {
  it("sends JPEG bytes in base64 and prints class and latency", async () => {
    const bodies: string[] = [];
    const server = createServer(async (request, response) => {
      let body = "";
      for await (const chunk of request) body += chunk;
      bodies.push(body);
      response.end('{"predictions": [{"classes": 7, "probabilities": [0.5]}]}');
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1/models/resnet:predict`;
    const { stdout, code } = await runExample("resnet-jpeg/client.ts", [url]);
    server.close();
    expect(stdout).toMatch(/^Prediction class: 7, avg latency: \d+\.\d ms\n$/);
    expect(code).toBe(0);
    expect(bodies).toHaveLength(11);
    expect(JSON.parse(bodies[0] ?? "").instances[0].b64).toMatch(/^\/9j\//);
  });
});

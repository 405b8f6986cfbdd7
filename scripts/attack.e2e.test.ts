import { expect, it } from "vitest";
import type { CrowdName } from "./attack/attacks/crowds.js";
import { type Outcome, requests } from "./attack/attacks/one-request.js";
import { evilModels } from "./attack/attacks/plugins.js";
import { Report } from "./attack/report.js";
import { attack, attackByCrowd, attackByPlugins, attackByRequest, warmUp } from "./attack/runs.js";

// A selection of `npm run test:attack`, made small: outcomes and bounds of memory. Times are for a quiet machine.

const SIZE = 4e6;

/** Requests whose objects would take far more memory than their bytes, with the status of each. */
const REQUESTS: Readonly<Record<string, Outcome>> = {
  "REST classify of an unknown model, gzip of {}": 404,
  "REST gzip of spaces": 413,
  'REST strings ""': 413,
  "REST classify of many features": 400,
  "REST numbers, wrong in the last": 400,
  "gRPC one string for 8 M": 8,
  "gRPC empty string_val": 8,
  "gRPC empty examples of an unknown model": 8,
  "gRPC reload of empty models": 3,
  "gRPC echo, floats one by one": 8,
};

it("each request takes at most ten times its bytes or 32 MB", async () => {
  const report = new Report();
  const outcomes: Record<string, Outcome> = {};
  await attack(report, {}, async (server) => {
    for (const request of requests(SIZE)) {
      const { name } = request;
      if (!(name in REQUESTS)) continue;
      outcomes[name] = (await attackByRequest(report, server, request, SIZE)).outcome;
    }
  });
  expect(report.problems).toEqual([]);
  expect(outcomes).toEqual(REQUESTS);
});

const CROWDS: readonly CrowdName[] = [
  "100 expansions",
  "60 unfinished uploads to an unknown model",
  "100 clients that never read",
  "window 0 with pings",
];

it("crowds of clients leave the server up, others answered, and no memory behind", async () => {
  const report = new Report();
  const flags = ["--stalled_answer_timeout_in_ms=500", "--http_threads=2"];
  await attack(report, { flags }, async (server) => {
    const before = await warmUp(server, CROWDS, 0.01);
    for (const name of CROWDS) await attackByCrowd(report, server, { name, share: 0.1, before });
  });
  expect(report.problems).toEqual([]);
});

it("evil plugins fail alone", async () => {
  // The others, and one event loop, are in a test of the server.
  const models = evilModels.filter(({ where }) => where !== "rejected" && where !== "load");
  expect(models.length).toBeGreaterThan(70);
  const report = new Report();
  await attackByPlugins(report, models, ["--http_threads=2"]);
  expect(report.problems).toEqual([]);
});

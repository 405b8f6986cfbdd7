import type { ServableRequest } from "@serving-kit/core";
import {
  type CalledVersion,
  type HttpAnswer,
  type HttpRequest,
  type HttpRoute,
  recentPaths,
  type ServerCore,
} from "@serving-kit/server";
import { classify } from "../calls/classify.js";
import { type CheckMethod, methodCheck } from "../calls/method-name.js";
import { regress } from "../calls/regress.js";
import { errors } from "../errors.js";
import { decodingOf } from "./decode-body.js";
import { decodeExamplesInSteps } from "./decode-examples.js";
import { modelMetadata } from "./metadata.js";
import { modelList, modelStatus } from "./model-status.js";
import { predictAnswer, restPredict } from "./predict.js";
import { writeClassifications, writeRegressions } from "./results.js";
import { matchRoute } from "./router.js";

type Answer = HttpAnswer | Promise<HttpAnswer>;

/**
 * Returns the routes of TF Serving's REST API. At the server's own ports, other paths below `/v1/` are malformed
 * requests.
 */
export function restRoutes(core: ServerCore, checksMethodNames: boolean): readonly HttpRoute[] {
  const runs = runsOf(core, checksMethodNames);
  const routeOf = recentPaths(matchRoute);
  const handle = (request: HttpRequest): Answer => {
    const route = routeOf(request.method, request.path);
    switch (route.kind) {
      case "predict":
      case "classify":
      case "regress":
        return runs[route.kind](route.request, request);
      case "status":
        return ok(lines(modelStatus(core, route.request)));
      case "metadata":
        return ok(lines(modelMetadata(core, route.request)));
      case "list":
        return ok(lines(modelList(core)));
      case "live":
        return ok(json({ live: true }));
      case "ready": {
        const ready = core.isReady();
        return { status: ready ? 200 : 503, body: json({ ready }) };
      }
      case "preflight":
        if (!/https?:\/\//.test(String(request.headers.origin))) throw errors.originMissing();
        return ok(NOTHING);
    }
  };
  const route = { method: "*", caseSensitive: false, handle };
  return [
    { ...route, path: "/v1/models/*" },
    { ...route, path: "/v1/health/*", whileClosing: true },
    { ...route, path: "/v1/*", fallback: true },
  ];
}

type Run = (servable: ServableRequest, request: HttpRequest) => Promise<HttpAnswer>;

/** Returns the functions that handle the calls of a model, by API. */
function runsOf(core: ServerCore, checksMethodNames: boolean) {
  /** Handles the calls of one API: decodes the body of a request, runs it, then writes the response. */
  const row = <T>(
    api: "Predict" | "Classify" | "Regress",
    run: (version: CalledVersion, body: Uint8Array, check: CheckMethod) => Promise<T>,
    encode: (outcome: T) => HttpAnswer,
  ): Run => {
    const check = methodCheck(checksMethodNames, api);
    const runChecked = (version: CalledVersion, body: Uint8Array) => run(version, body, check);
    return (servable, request) =>
      core.call({ api, servable, body: request.body, run: runChecked, encode }, request);
  };
  return {
    predict: row("Predict", restPredict, predictAnswer),
    classify: row(
      "Classify",
      async (version, body, check) => classify(version, await examplesOf(version, body), check),
      (answer) => ok(writeClassifications(answer)),
    ),
    regress: row(
      "Regress",
      async (version, body, check) => regress(version, await examplesOf(version, body), check),
      (answer) => ok(writeRegressions(answer)),
    ),
  };
}

function examplesOf(version: CalledVersion, body: Uint8Array) {
  const run = decodingOf(version, body);
  return run(decodeExamplesInSteps(body, version.allowance, run));
}

const NOTHING = Buffer.alloc(0);

const ok = (body: Uint8Array): HttpAnswer => ({ status: 200, body });

const json = (value: object): Buffer => Buffer.from(JSON.stringify(value));

/** Formats one value per line, as protobuf's printer does: scripts search for `"state": "AVAILABLE"`. */
const lines = (value: object): Buffer => Buffer.from(`${JSON.stringify(value, null, 1)}\n`);

import { silentLogger } from "@serving-kit/core";
import type { ModelServer } from "@serving-kit/server";
import { expect, it } from "vitest";
import { modelFileReloads } from "./model-file-reloads.js";

it.each([true, false])("SIGHUP reopens the request log, if there is one (%s)", (hasLog) => {
  let reopened = 0;
  const server = { reopenLogs: () => void reopened++ } as Partial<ModelServer> as ModelServer;
  const listeners = process.listenerCount("SIGHUP");
  const options = { pollIntervalMs: 0, logger: silentLogger, hasLog, hasUris: false };
  const reloads = modelFileReloads(undefined, options);
  reloads.begin(server);
  // Without a listener SIGHUP ends the process.
  expect(process.listenerCount("SIGHUP") - listeners).toBe(hasLog ? 1 : 0);
  process.emit("SIGHUP");
  expect(reopened).toBe(hasLog ? 1 : 0);
  reloads[Symbol.dispose]();
  expect(process.listenerCount("SIGHUP")).toBe(listeners);
});

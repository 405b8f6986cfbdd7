import { once } from "node:events";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { get, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Protocol, ServerCore } from "@serving-kit/server";
import { createModelServer, type ModelServer } from "serving-kit";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { endCommands, startSource } from "../../packages/serving-kit/test/run-command.js";
import { statusPage } from "./status-page.js";

const digits = join(import.meta.dirname, "../models/digits");
interface Row {
  readonly model: string;
  readonly version: string;
  readonly state: string;
  readonly error?: string;
}

/** Calls `onEnd` whenever a stream of states has ended. */
function watched(protocol: Protocol, onEnd: () => void): Protocol {
  const watching = (core: ServerCore): ServerCore => ({
    ...core,
    async *stateChanges(context) {
      try {
        yield* core.stateChanges(context);
      } finally {
        onEnd();
      }
    },
  });
  return { ...protocol, http: (core) => protocol.http?.(watching(core)) ?? [] };
}

/** Opens the stream of events, and reads the rows of each. */
async function openEvents(url: string) {
  const sent = get(`${url}/status/events`, { agent: false });
  const [response] = (await once(sent, "response")) as [IncomingMessage];
  response.on("error", () => {});
  const lines = createInterface(response)[Symbol.asyncIterator]();
  return {
    response,
    leave: () => sent.destroy(),
    /** The next rows for which the condition holds; undefined at the end of the stream. */
    async rows(condition: (rows: Row[]) => boolean = () => true): Promise<Row[] | undefined> {
      for (;;) {
        const { value, done } = await lines.next();
        if (done) return undefined;
        const rows = value.startsWith("data: ") && JSON.parse(value.slice("data: ".length));
        if (rows && condition(rows)) return rows;
      }
    },
  };
}

describe("the status page in a program", () => {
  let folder: string;
  let server: ModelServer;
  let url: string;
  let ended: Promise<void>;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "serving-kit-status-"));
    await cp(join(digits, "1"), join(folder, "1"), { recursive: true });
    let onEnd = () => {};
    ended = new Promise((resolve) => {
      onEnd = resolve;
    });
    server = await createModelServer({
      models: [{ name: "digits", basePath: folder }],
      settleMs: 0,
      protocols: [watched(statusPage, onEnd)],
    });
    url = `http://localhost:${(await server.listen({ port: 0 })).port}`;
  });
  afterEach(async () => {
    await server.close();
    await rm(folder, { recursive: true });
  });
  const available = (version: string): Row => ({ model: "digits", version, state: "available" });

  it("is a page, and JSON that a query selects from", async () => {
    const page = await fetch(`${url}/status`);
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(await page.text()).toContain(`new EventSource("status/events")`);
    const rows = async (query: string) => {
      const response = await fetch(`${url}/status.json${query}`);
      return [response.status, await response.json()];
    };
    expect(await rows("")).toEqual([200, [available("1")]]);
    expect(await rows("?model=digits")).toEqual([200, [available("1")]]);
    expect(await rows("?model=letters")).toEqual([200, []]);
  });

  it("shows versions as they change", async () => {
    const events = await openEvents(url);
    expect(events.response.headers["content-type"]).toBe("text/event-stream");
    expect(await events.rows()).toEqual([available("1")]);
    await cp(join(digits, "1"), join(folder, "2"), { recursive: true });
    const has = (state: string) => (rows: Row[]) => rows.some((row) => row.state === state);
    const loading = await events.rows(has("loading"));
    expect(loading).toContainEqual({ model: "digits", version: "2", state: "loading" });
    const isSwapped = (rows: Row[]) => rows.length === 1 && has("available")(rows);
    expect(await events.rows(isSwapped)).toEqual([available("2")]);
    events.leave();
  });

  it("ends the stream when the server closes", async () => {
    const events = await openEvents(url);
    await events.rows();
    await server.close();
    expect(await events.rows()).toBeUndefined();
    await ended;
  });

  it("ends the stream when its client leaves", async () => {
    const events = await openEvents(url);
    await events.rows();
    events.leave();
    await ended;
  });
});

describe("the status page of --plugins", () => {
  afterEach(endCommands);

  it.each([1, 2])("is served by the command with --http_threads=%i", async (threads) => {
    const { said, child, ended } = startSource(
      ...["--rest_api_port=any", "--port=0", `--http_threads=${threads}`],
      ...["--model_name=digits", `--model_base_path=${digits}`],
      `--plugins=${import.meta.dirname}/status-page.ts`,
    );
    const url = (await said(/serving digits at \S+(?=\/v1)/)).replace(/^.* /, "");
    const events = await openEvents(url);
    expect(await events.rows()).toEqual([{ model: "digits", version: "1", state: "available" }]);
    child.kill("SIGTERM");
    expect(await events.rows(() => false)).toBeUndefined();
    expect(await ended).toBe(0);
  });
});

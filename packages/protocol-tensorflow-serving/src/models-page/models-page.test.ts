import { type ServableState, ServingError } from "@serving-kit/core";
import type { HttpAnswer, HttpRequest, ServerCore } from "@serving-kit/server";
import { describe, expect, it } from "vitest";
import { modelsPage } from "./models-page.js";

const state = (name: string, version: bigint, of: Partial<ServableState>): ServableState => ({
  ...{ id: { name, version }, state: "available", attempts: 1, atMs: 0 },
  ...of,
});

const DIGITS = new Map([
  ["serving_default", { inputs: new Map([["x", { dtype: "float32", shape: [-1] }]]) }],
]);

function coreOf(states: readonly ServableState[], isReady = true): ServerCore {
  const core: Partial<ServerCore> = {
    modelNames: () => ["configured"],
    versions: (name) => states.filter(({ id }) => name === undefined || id.name === name),
    isReady: () => isReady,
    describe: (() => ({ signatures: DIGITS })) as never,
  };
  return core as ServerCore;
}

async function get(core: ServerCore, headers: Record<string, string> = {}, isSecure = false) {
  const [route] = modelsPage().http?.(core) ?? [];
  const answer = (await route?.handle({
    headers,
    isSecure,
  } as unknown as HttpRequest)) as HttpAnswer;
  return { ...answer, text: String(answer.body) };
}

describe("modelsPage", () => {
  it("lists configured models and those that still have versions, with a curl line each", async () => {
    const { status, contentType, text } = await get(coreOf([state("a", 2n, {})]), {
      host: "models:8501",
      accept: "*/*",
    });
    expect([status, contentType]).toEqual([200, "application/json"]);
    expect(JSON.parse(text)).toEqual({
      ready: true,
      models: [
        { name: "configured", versions: [], curl: "curl http://models:8501/v1/models/configured" },
        {
          name: "a",
          versions: [{ version: "2", state: "available" }],
          curl: `curl -d '{"inputs":{"x":[0]}}' http://models:8501/v1/models/a:predict`,
        },
      ],
    });
  });

  it("is 503 until the server is ready, with the states", async () => {
    const loading = coreOf([state("a", 1n, { state: "loading" })], false);
    const { status, text } = await get(loading, { accept: "text/html" });
    expect(status).toBe(503);
    expect(text).toContain("the server is not ready");
    expect(text).toContain("<li>version 1: loading</li>");
  });

  it("has the reason of an error, and not its message, which may name a path", async () => {
    const error = new ServingError("INVALID_ARGUMENT", "MODEL_FILE_INVALID", "/secret/path");
    for (const accept of ["text/html", "application/json"]) {
      const { text } = await get(coreOf([state("a", 1n, { state: "end", error })]), { accept });
      expect(text).toContain("MODEL_FILE_INVALID");
      expect(text).not.toContain("secret");
    }
  });

  it("is HTML for browsers, in which no name is markup, and quotes names for the shell", async () => {
    const name = `<b>"it's"</b>`;
    const browser = { accept: "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8" };
    const { contentType, headers, text } = await get(coreOf([state(name, 1n, {})]), browser);
    expect(contentType).toBe("text/html; charset=utf-8");
    expect(headers).toMatchObject({ Vary: "Accept" });
    expect(text).toContain("<h2>&#60;b&#62;&#34;it&#39;s&#34;&#60;/b&#62;</h2>");
    expect(text).not.toContain("<b>");
    const { text: json } = await get(coreOf([state(name, 1n, {})]));
    const url = "http://localhost/v1/models/%3Cb%3E%22it'\\''s%22%3C%2Fb%3E:predict";
    expect(JSON.parse(json).models[1].curl).toContain(`' '${url}'`);
  });

  it.each([
    ["example.com:8501", "example.com:8501"],
    ["[::1]:8501", "[::1]:8501"],
    ["a$(reboot)", "localhost"],
    ['"><script>', "localhost"],
  ])("names the server as the client did, if that is a host: %j", async (host, shown) => {
    const { text } = await get(coreOf([]), { host }, true);
    const { curl } = JSON.parse(text).models[0];
    expect(curl.replaceAll("'", "")).toBe(`curl https://${shown}/v1/models/configured`);
  });
});

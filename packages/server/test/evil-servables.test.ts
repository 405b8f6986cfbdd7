import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Logger } from "@serving-kit/core";
import { canReusePort, reusePortSocket } from "@serving-kit/native-library";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { customPlatform, type ModelServer } from "../src/index.js";
import { send } from "./threads-world.js";
import { createModelServer } from "./whole-server.js";

const modulePath = join(import.meta.dirname, "evil-servables.mjs");

/** The behaviour of one servable, and the status of a call to it. */
interface Row {
  readonly where: string;
  readonly kind: string;
  readonly status: number;
}
type Table = Readonly<Record<string, readonly [status: number, ...unknown[]]>>;
const { THROWN, RETURNED, SERVABLES } = (await import(pathToFileURL(modulePath).href)) as Record<
  "THROWN" | "RETURNED" | "SERVABLES",
  Table
>;
const rowsOf = (where: string, table: Table, status?: number): Row[] =>
  Object.entries(table).map(([kind, [own]]) => ({ where, kind, status: status ?? own }));

const ROWS: readonly Row[] = [
  ...rowsOf("thrown", THROWN),
  ...rowsOf("rejected", THROWN),
  ...rowsOf("load", THROWN, 404),
  ...rowsOf("returned", RETURNED),
  ...rowsOf("servable", SERVABLES),
];
const nameOf = ({ where, kind }: Row) => `${where} ${kind}`.replaceAll(/[^a-zA-Z0-9]/g, "-");

/** A server with the good model and all others, and what it logs. */
async function serve(threads: number) {
  const lines: { err?: unknown; errorId?: string }[] = [];
  const write = (fields: object) => void lines.push(fields);
  const logger: Logger = { info: write, warn: write, error: write };
  const model = (name: string, where: string, kind: string) => ({
    name,
    basePath: modulePath,
    platform: customPlatform({ modulePath, options: { where, kind } }),
  });
  const server = await createModelServer({
    ...{ logger, settleMs: 0, manager: { maxLoadRetries: 0 }, platforms: [] },
    models: [model("good", "", ""), ...ROWS.map((row) => model(nameOf(row), row.where, row.kind))],
    ...(threads > 1 && { threads: { count: threads, reusePortSocket } }),
  });
  const { port } = await server.listen({ port: 0, host: "127.0.0.1" });
  return { server, port, lines };
}

const ask = (port: number, name: string) =>
  send(port, "POST", `/v1/models/${name}:predict`, '{"inputs":[1]}');

describe.each([1, ...(canReusePort ? [2] : [])])("a server with %i event loops", (threads) => {
  let served: Awaited<ReturnType<typeof serve>>;
  beforeAll(async () => {
    served = await serve(threads);
  }, 60_000);
  afterAll(async () => {
    await (served?.server as ModelServer | undefined)?.close();
  });

  it.each(ROWS)("$where, $kind: $status", async (row) => {
    const { port, lines } = served;
    const { status, body } = await ask(port, nameOf(row));
    expect([status, body]).toEqual([row.status, expect.anything()]);
    if (status === 200) return;
    expect(body.error).not.toContain("secret");
    // A ServingError is written for callers; so is what is wrong with outputs.
    if (!/^(thrown|rejected)$/.test(row.where) || body.error.includes("branded")) return;
    const [errorId] = /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(body.error) ?? [];
    expect(lines.some((line) => line.errorId === errorId && line.err)).toBe(true);
  });

  it("answers all others as before", async () => {
    expect(await ask(served.port, "good")).toMatchObject({ status: 200 });
  });
});

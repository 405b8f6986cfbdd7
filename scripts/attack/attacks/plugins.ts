import { join } from "node:path";
import { RETURNED, SERVABLES, THROWN } from "../../../packages/server/test/evil-servables.mjs";
import type { Ports } from "../../server-process.js";
import { root } from "../../workspace.mjs";
import { post } from "../clients.js";
import { custom, type ModelConfig } from "../victim.js";

const modulePath = join(root, "packages/server/test/evil-servables.mjs");

/** A model that does what none should, with the status of a call of it. */
export interface EvilModel {
  readonly model: ModelConfig;
  /** The place of the evil: in what is thrown or returned, in the load, or in the servable. */
  readonly where: string;
  readonly name: string;
  readonly status: number;
}

type Table = Readonly<Record<string, readonly unknown[]>>;

const rowsOf = (where: string, table: Table, status?: number): EvilModel[] =>
  Object.entries(table).map(([kind, [own]]) => {
    const name = `${where} ${kind}`.replaceAll(/[^a-zA-Z0-9]/g, "-");
    const model = custom(name, modulePath, { where, kind });
    return { model, where, name, status: status ?? Number(own) };
  });

/** Models that do what none should. */
export const evilModels: readonly EvilModel[] = [
  ...rowsOf("thrown", THROWN),
  ...rowsOf("rejected", THROWN),
  ...rowsOf("load", THROWN, 404),
  ...rowsOf("returned", RETURNED),
  ...rowsOf("servable", SERVABLES),
];

/** Calls evil models. Resolves with the problems. */
export async function callEvilModels(
  server: Ports,
  models: readonly EvilModel[],
): Promise<string[]> {
  const problems: string[] = [];
  for (const { name, status } of models) {
    const got = await post(server, `/v1/models/${name}:predict`, '{"inputs":[1]}');
    if (got !== status) problems.push(`${name}: expected ${status}; got ${got}`);
  }
  return problems;
}

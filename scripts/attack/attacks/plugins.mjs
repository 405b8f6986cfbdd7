// @ts-nocheck Not yet in TypeScript.
import { join } from "node:path";
import { RETURNED, SERVABLES, THROWN } from "../../../packages/server/test/evil-servables.mjs";
import { root } from "../../workspace.mjs";
import { post } from "../clients.mjs";
import { custom } from "../victim.mjs";

const modulePath = join(root, "packages/server/test/evil-servables.mjs");

const rowsOf = (where, table, status) =>
  Object.entries(table).map(([kind, [own]]) => {
    const name = `${where} ${kind}`.replaceAll(/[^a-zA-Z0-9]/g, "-");
    return { model: custom(name, modulePath, { where, kind }), where, name, status: status ?? own };
  });

/** Models that do what none should, each with the status of a call of it. */
export const evilModels = [
  ...rowsOf("thrown", THROWN),
  ...rowsOf("rejected", THROWN),
  ...rowsOf("load", THROWN, 404),
  ...rowsOf("returned", RETURNED),
  ...rowsOf("servable", SERVABLES),
];

/** Calls evil models. Resolves with the problems. */
export async function callEvilModels(server, models) {
  const problems = [];
  for (const { name, status } of models) {
    const got = await post(server, `/v1/models/${name}:predict`, '{"inputs":[1]}');
    if (got !== status) problems.push(`${name}: expected ${status}; got ${got}`);
  }
  return problems;
}

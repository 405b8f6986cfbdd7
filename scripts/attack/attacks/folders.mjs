// @ts-nocheck Not yet in TypeScript.
import { join } from "node:path";
import { call, RELOAD, reloadRequest } from "../clients.mjs";

/** One reload with so many models whose folders are missing. Resolves with its status. */
export function missingFolders(server, count) {
  const models = Array.from({ length: count }, (_, i) => [`m${i}`, join(server.folder, `${i}`)]);
  return call(server, RELOAD, reloadRequest(Object.fromEntries(models)));
}

import { join } from "node:path";
import { call, type Status } from "../clients.js";
import { RELOAD, reloadRequest } from "../messages.js";
import type { Victim } from "../victim.js";

/** One reload with so many models whose folders are missing. Resolves with its status. */
export function missingFolders(server: Victim, count: number): Promise<Status> {
  const models = Array.from(
    { length: count },
    (_, i) => [`m${i}`, join(server.folder, `${i}`)] as const,
  );
  return call(server, RELOAD, reloadRequest(new Map(models)));
}

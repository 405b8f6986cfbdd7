import { AspiredVersionsManager, formatServableId } from "@serving-kit/core";
import type { Predictor } from "@serving-kit/inference";
import { nearestNeighbour } from "../custom-servable/custom-servable.js";
import { type Deployment, deploymentSource } from "./custom-source.js";

const path = `${import.meta.dirname}/../custom-servable/models/iris/1`;
// In a real app, this is a table in a database.
const table: Deployment[] = [{ name: "iris", version: 1n, path }];

const manager = new AspiredVersionsManager<Predictor>();
manager.events.subscribe((event) => {
  if (event.kind === "state") console.log(`${formatServableId(event.id)} ${event.state}`);
});
manager.connect(
  deploymentSource(async () => table, { pollIntervalMs: 50 }).pipe(nearestNeighbour()),
);
await manager.available({ name: "iris" });

table.splice(0, 1, { name: "iris", version: 2n, path });
await manager.available({ name: "iris", version: 2 });
await manager.close();

import { AspiredVersionsManager } from "@serving-kit/core";
import { type Predictor, stringsOf, type Tensor, tensor } from "@serving-kit/inference";
import { filesystemSource } from "@serving-kit/source-filesystem";
import { nearestNeighbour } from "./custom-servable.js";

const basePath = `${import.meta.dirname}/models/iris`;
const manager = new AspiredVersionsManager<Predictor>();
manager.connect(
  filesystemSource({ servables: [{ name: "iris", basePath }] }).pipe(nearestNeighbour()),
);
await manager.available({ name: "iris" });

const iris = manager.acquire({ name: "iris" });
const flowers = [5.0, 3.4, 1.5, 0.2, 6.9, 3.1, 5.4, 2.1];
const { label } = await iris.servable.predict({ point: tensor("float32", [2, 4], flowers) });
iris.release();
console.log(`two flowers: ${stringsOf(label as Tensor<"string">).join(" and ")}`);
await manager.close();

import { AspiredVersionsManager } from "@serving-kit/core";
import { tensor } from "@serving-kit/inference";
import { lightgbm } from "@serving-kit/servable-trees";
import { filesystemSource } from "@serving-kit/source-filesystem";

// #region call
const basePath = `${import.meta.dirname}/prices`;
const source = filesystemSource({ servables: [{ name: "prices", basePath }] });
const manager = AspiredVersionsManager.from(source.pipe(lightgbm()));
await manager.available({ name: "prices" });

const prices = manager.acquire({ name: "prices" });
const flats = {
  area: tensor("float64", [2], [80, 80]),
  city: tensor("string", [2], ["Bern", "Graz"]), // rooms are missing
};
const { predict } = await prices.servable.predict(flats, { signature: "columns" });
console.log("prices:", predict?.data);
// #endregion
prices.release();
await manager.close();

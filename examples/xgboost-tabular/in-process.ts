import { AspiredVersionsManager } from "@serving-kit/core";
import { tensor } from "@serving-kit/inference";
import { xgboost } from "@serving-kit/servable-trees";
import { filesystemSource } from "@serving-kit/source-filesystem";

// #region call
const basePath = `${import.meta.dirname}/income`;
const source = filesystemSource({ servables: [{ name: "income", basePath }] });
const manager = AspiredVersionsManager.from(source.pipe(xgboost()));
await manager.available({ name: "income" });

const income = manager.acquire({ name: "income" });
const person = {
  age: tensor("float32", [1], [61]),
  hours: tensor("float32", [1], [45]),
  job: tensor("string", [1], ["pilot"]),
};
const { predict } = await income.servable.predict(person, { signature: "columns" });
console.log("rich:", predict?.data[0]);

// A row of all features in their order; the code of a category is its index.
const input = tensor("float32", [1, 3], [61, 45, 2]);
const { contributions } = await income.servable.predict({ input }, { signature: "contributions" });
console.log("age, hours, job, bias:", contributions?.data);
// #endregion
income.release();
await manager.close();

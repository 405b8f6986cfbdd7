import { createModelServer, model, stringsOf } from "serving-kit";
import { flowers } from "./flowers.js";

const basePath = `${import.meta.dirname}/../custom-servable/models/iris`; // contains the version folders 1, 2, …
const models = await createModelServer({
  platforms: [flowers],
  models: { iris: model(basePath, flowers) }, // adds the definition's types to the path
});
const point = [5.0, 3.4, 1.5, 0.2, 6.9, 3.1, 5.4, 2.1]; // two rows of 4
const { label } = await models.predict("iris", { point });
console.log(`two flowers: ${stringsOf(label).join(" and ")}`);
await models.close();

// Serves and calls the models that this folder's Python programs exported.
import { createModelServer, openModelConfigFile, stringsOf, type Tensor } from "serving-kit";

const { models } = await openModelConfigFile(process.argv[2] ?? "models.config");
await using server = await createModelServer({ models, startUpPolicy: "all" });
const features = [[2.1, 1.9, 2, 2]];

const { output_0 } = await server.predict("flowers", { features }, { label: "stable" });
console.log(`stable: ${[...(output_0?.data ?? [])].map((score) => Number(score).toFixed(2))}`);
const { name } = await server.predict("flowers", { features }, { signature: "names" });
console.log(`names: ${stringsOf(name as Tensor<"string">)}`);
const { y } = await server.predict("half_plus_two", { x: [1, 2, 5] });
console.log(`half_plus_two: ${y?.data}`);
const lite = await server.predict("flowers_lite", { features });
console.log(`flowers_lite: ${Object.keys(lite)}`);

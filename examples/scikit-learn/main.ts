import { createModelServer } from "serving-kit";

const folder = import.meta.dirname;
const server = await createModelServer({
  models: { rich: `${folder}/rich`, topic: `${folder}/topic` },
});
const { port } = await server.listen({ port: 0 }); // default 8501
// #region request
async function predict(model: string, instances: readonly object[]) {
  const url = `http://localhost:${port}/v1/models/${model}:predict`;
  const response = await fetch(url, { method: "POST", body: JSON.stringify({ instances }) });
  return response.json();
}

const people = [
  { age: [61], hours: [45], job: ["pilot"] },
  { age: [23], hours: [20], job: ["clerk"] },
];
console.log(JSON.stringify(await predict("rich", people)));
console.log(JSON.stringify(await predict("topic", [{ text: ["Where is my ORDER"] }])));
// #endregion
await server.close();

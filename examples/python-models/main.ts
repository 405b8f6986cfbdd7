import { createModelServer, python } from "serving-kit";

const basePath = (name: string) => `${import.meta.dirname}/${name}`;
// #region server
const server = await createModelServer({
  platforms: [python({ interpreter: process.env.SERVING_KIT_PYTHON ?? "python3", workers: 1 })],
  models: ["torch", "handler", "flask"].map((name) => ({ name, basePath: basePath(name) })),
  startUpPolicy: "all",
  batching: true,
});
// #endregion
const { port } = await server.listen({ port: 0, host: "127.0.0.1" });

async function predict(model: string, body: object): Promise<string> {
  const url = `http://127.0.0.1:${port}/v1/models/${model}:predict`;
  const response = await fetch(url, { method: "POST", body: JSON.stringify(body) });
  return JSON.stringify(await response.json());
}

console.log("torch  ", await predict("torch", { instances: [[1, 2, 3]] }));
console.log("handler", await predict("handler", { instances: ["a good day", "bad luck"] }));
console.log("flask  ", await predict("flask", { instances: [{ item: "pear", count: 4 }] }));

// #region in-process
const { price } = await server.predict("flask", { item: ["apple"], count: [3n] });
console.log("in process", price?.data);
// #endregion
await server.close();

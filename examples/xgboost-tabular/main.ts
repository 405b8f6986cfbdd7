import { createModelServer } from "serving-kit";

const basePath = `${import.meta.dirname}/income`;
const server = await createModelServer({ models: [{ name: "income", basePath }] });
const { port } = await server.listen({ port: 0 }); // default 8501
// #region request
const url = `http://localhost:${port}/v1/models/income:predict`;
const response = await fetch(url, {
  method: "POST",
  body: JSON.stringify({
    signature_name: "columns",
    instances: [
      { age: 61, hours: 45, job: "pilot" },
      { age: 23, job: "clerk" }, // hours are missing
      { age: 40, hours: null, job: "nurse" },
    ],
  }),
});
console.log(await response.json());
// #endregion
await server.close();

import fastify from "fastify";
import { argMax, models } from "./models.js";

export const app = fastify();
// #region route
app.post<{ Body: { pixels: number[] } }>("/classify", async ({ body }) => {
  const { probabilities } = await models.predict("digits", { image: body.pixels });
  return { digit: argMax(probabilities.data) };
});
// #endregion

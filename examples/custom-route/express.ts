import express from "express";
import { argMax, models } from "./models.js";

export const app = express();
app.use(express.json());
// #region route
app.post("/classify", async ({ body }, response) => {
  const { probabilities } = await models.predict("digits", { image: body.pixels });
  response.json({ digit: argMax(probabilities.data) });
});
// #endregion

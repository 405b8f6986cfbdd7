import { json } from "node:stream/consumers";
import Koa from "koa";
import { argMax, models } from "./models.js";

export const app = new Koa();
// #region route
app.use(async (context) => {
  if (context.path !== "/classify") return;
  const { pixels } = (await json(context.req)) as { pixels: number[] };
  const { probabilities } = await models.predict("digits", { image: pixels });
  context.body = { digit: argMax(probabilities.data) };
});
// #endregion

// A child process that decodes and resizes a picture by sharp alone, again and again, until its parent goes.
import sharp from "sharp";
import { photograph } from "./photograph.js";

sharp.concurrency(1);
const jpeg = await photograph();
process.once("disconnect", () => process.exit());
for (;;) await sharp(jpeg).raw().toBuffer();

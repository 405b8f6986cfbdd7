import { fileURLToPath } from "node:url";

/** The folder of this package's example model: input 64 pixels, output the probabilities of ten digits. */
export const DEMO_MODEL: string = fileURLToPath(new URL("../demo/digits", import.meta.url));

/** A handwritten 5 as 8 x 8 pixels from 0 to 1, rounded to quarters to keep requests short. */
export const DEMO_PICTURE: readonly number[] = [
  ...[0, 0, 0.25, 1, 1, 0.25, 0, 0],
  ...[0, 0, 0.5, 1, 0.5, 0, 0, 0],
  ...[0, 0, 0.75, 1, 0.25, 0, 0, 0],
  ...[0, 0, 1, 1, 1, 0.25, 0, 0],
  ...[0, 0, 0.5, 0.75, 1, 0.5, 0, 0],
  ...[0, 0, 0, 0, 1, 0.75, 0, 0],
  ...[0, 0, 0.25, 0.75, 1, 0.5, 0, 0],
  ...[0, 0, 0.25, 1, 1, 0, 0, 0],
];

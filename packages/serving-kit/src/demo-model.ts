import { fileURLToPath } from "node:url";

/** The folder of the digits model that comes with this package: 64 pixels in, the probabilities of ten digits out. */
export const DEMO_MODEL: string = fileURLToPath(new URL("../demo/digits", import.meta.url));

/** A handwritten 5 as 8 x 8 pixels from 0 to 1, rounded to quarters, which keeps a request short. */
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

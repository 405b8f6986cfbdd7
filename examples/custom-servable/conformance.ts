// The conformance suite of a predictor, under node:test.
import { describe, it } from "node:test";
import { servableId } from "@serving-kit/core";
import { tensor } from "@serving-kit/inference";
import { predictorConformance } from "@serving-kit/testing";
import { nearestNeighbour } from "./custom-servable.js";

const id = servableId("iris", 1);
const path = `${import.meta.dirname}/models/iris/1`;
const point = (...x: number[]) => tensor("float32", [x.length / 4, 4], x);
const label = (...names: string[]) => tensor("string", [names.length], names);

predictorConformance(
  { describe, it },
  {
    name: "nearest neighbour",
    create: () =>
      nearestNeighbour().loader({ path }, id).load({ id, signal: new AbortController().signal }),
    examples: [
      { inputs: { point: point(5, 3.4, 1.5, 0.2) }, outputs: { label: label("setosa") } },
      {
        inputs: { point: point(6.9, 3.1, 5.4, 2.1, 6, 3, 4.4, 1.4) },
        outputs: { label: label("virginica", "versicolor") },
      },
    ],
  },
);

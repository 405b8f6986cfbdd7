import { tensor } from "@serving-kit/inference";
import { laneTests } from "../../native-library/test/lane-tests.js";
import { loadNamed, skipped } from "./support.js";

laneTests({
  load: (execution) => loadNamed("dense", { options: { execution } }),
  inputs: (number) => ({ x: tensor("float32", [1, 3], [number, 1, -number]) }),
  skipReason: skipped,
});

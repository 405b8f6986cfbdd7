import { tensor } from "@serving-kit/inference";
import { laneTests } from "../../native-library/test/lane-tests.js";
import { load, skipReason, zooPath } from "./zoo.js";

laneTests({
  load: (execution) => load(zooPath("dtypes"), { execution }),
  inputs: (number) => ({ x: tensor("float32", [2], [number, -number]) }),
  options: { signature: "float32" },
  skipReason,
});

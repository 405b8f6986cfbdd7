import { laneTests } from "../../native-library/test/lane-tests.js";
import { digits, images, load } from "./support.js";

laneTests({
  load: (execution) => load(digits("1"), { execution }),
  inputs: (number) => images(Array(64).fill(number / 64)),
});

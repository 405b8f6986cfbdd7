import { tensor } from "@serving-kit/inference";
import { useAndEnd } from "../../native-library/test/use-and-end.js";
import { digits, digitsPath, load, zooPath } from "./zoo.js";

const predictor = await load(digitsPath, { execution: "thread" });

await useAndEnd(import.meta.url, {
  predict: () => predictor.predict(digits[0]?.inputs ?? {}),
  dispose: () => predictor[Symbol.asyncDispose](),
  async beginLongRun() {
    const slow = await load(zooPath("trouble"), { execution: "thread" });
    const steps = tensor("int32", [1], [20_000]);
    void slow.predict({ steps }, { signature: "slow" });
  },
});

// The same in code, with your own functions before and after the model.
import { readFileSync } from "node:fs";
import { image, labels, softmax, topK } from "@serving-kit/processing";
import {
  createModelServer,
  mapPredictor,
  spec,
  stringsOf,
  type TensorOf,
  tflite,
} from "serving-kit";

const basePath = `${import.meta.dirname}/../models/mobilenet`;
const pixels = image({ size: 224, resize: "pillow-nearest", dtype: "uint8" });
const best = topK(3, { labels: await labels({ file: `${basePath}/1/labels.txt` }) });
const expects = {
  signatures: {
    serving_default: {
      inputs: { input: spec.uint8([1, 224, 224, 3]) },
      outputs: { output: spec.uint8([1, 1001]) },
    },
  },
} as const;
const quantization = { scale: [0.09889253973960876], zeroPoint: [58] };

const photos = mapPredictor(tflite(), {
  expects,
  inputs: { image: spec.string([-1]) },
  outputs: { classes: spec.string([-1, 3]), scores: spec.float32([-1, 3]) },
  before: async ({ image }, call) => ({ input: await pixels(image, call) }),
  after: ({ output }) => ({ ...best(softmax(output, quantization)) }),
});
await using server = await createModelServer({
  models: { photos: { basePath, platform: photos } },
});
const photo = readFileSync(process.argv[2] ?? `${basePath}/photos/coffee.jpg`);
const { classes } = await server.predict("photos", { image: [photo] });
console.log(stringsOf(classes as TensorOf<"string">).join(", "));

// Texts in, topics out: a Hugging Face tokenizer, a .tflite network, and its labels.
import { createModelServer, stringsOf, type Tensor } from "serving-kit";

const processing = {
  before: [{ tokenize: { file: "tokenizer.json" } }],
  after: [{ softmax: {} }, { topK: { k: 1, labels: "labels.txt" } }],
};
const basePath = `${import.meta.dirname}/topic`;
await using server = await createModelServer({ models: { topic: { basePath, processing } } });
const text = process.argv.length > 2 ? process.argv.slice(2) : ["my parcel is late"];
for (const one of text) {
  const { classes } = await server.predict("topic", { text: [one] });
  console.log(`${stringsOf(classes as Tensor<"string">)}: ${one}`);
}

// Classifies texts with a scikit-learn pipeline in ONNX. The model file contains the vocabulary, weights and classes.
import { loadModel, stringsOf, type Tensor } from "serving-kit";

const texts = process.argv.length > 2 ? process.argv.slice(2) : ["my card was charged twice"];

const topic = await loadModel(`${import.meta.dirname}/../scikit-learn/topic`);
const answer = await topic.predict({ text: texts.map((text) => [text]) });
const labels = stringsOf(answer.output_label as Tensor<"string">);
const { data: shares } = answer.output_probability as Tensor<"float32">;
const classes = shares.length / texts.length;
texts.forEach((text, row) => {
  const share = Math.max(...shares.subarray(row * classes, (row + 1) * classes));
  console.log(`${labels[row]} (${(100 * share).toFixed(0)} %): ${text}`);
});
await topic.close();

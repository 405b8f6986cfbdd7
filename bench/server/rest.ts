import { readFileSync } from "node:fs";
import type { Benchmark } from "../figure.js";
import { CONNECTIONS, compareRest, RestContender, takeTurns } from "../rest-contender.js";

const samples = new URL("../../examples/models/digits/samples.json", import.meta.url);
const [{ image }] = JSON.parse(readFileSync(samples, "utf8"));
const body = JSON.stringify({ instances: [image] });
const call = { model: "digits", body };

/** Starts the SavedModel. Returns undefined without libtensorflow. */
async function startTensorFlow(): Promise<RestContender | undefined> {
  try {
    return await RestContender.start("tensorflow", call);
  } catch {
    process.stderr.write("the SavedModel is left out: it could not be served\n");
    return undefined;
  }
}

const benchmark: Benchmark = {
  name: `digits predict over REST, ${CONNECTIONS} connections, batching on`,
  async run() {
    const tflite = await RestContender.start("tflite", call);
    const response = await fetch(tflite.url, { method: "POST", body });
    const answer = await response.json();
    const bare = await RestContender.start("bare", call, answer);
    const bareExpress = await RestContender.start("bare express", call, answer);
    const express = await RestContender.start("tflite express", call);
    const tensorflow = await startTensorFlow();
    const all = [bare, tflite, ...(tensorflow ? [tensorflow] : []), bareExpress, express];
    await takeTurns(all);
    for (const contender of all) contender.stop();
    return [
      ...compareRest("a .tflite against bare node:http", tflite, bare, 75),
      ...(tensorflow
        ? compareRest("a SavedModel against bare node:http", tensorflow, bare, 75)
        : []),
      ...compareRest("a .tflite in Express against a bare Express route", express, bareExpress, 75),
    ];
  },
};
export default benchmark;

import { parentPort, workerData } from "node:worker_threads";
import { isServingError, messageOf, runToEnd } from "@serving-kit/core";
import { decode } from "./decode.js";
import { loadSharp } from "./decoder.js";
import { pictureConverter } from "./picture-converter.js";
import type { PictureOutcome, PictureRequest, PictureThreadData } from "./picture-thread.js";

// A worker thread that converts images, so that resizing does not delay the event loop.

async function outcomeOf({ bytes, plan }: PictureRequest): Promise<PictureOutcome> {
  try {
    const picture = await decode(bytes, plan.maxPixels);
    return { values: runToEnd(pictureConverter(plan)(picture)) };
  } catch (error) {
    if (!isServingError(error)) return { unexpected: messageOf(error) };
    const { code, reason, message, details } = error;
    return { code, reason, message, details };
  }
}

const { concurrency } = workerData as PictureThreadData;
const sharp = await loadSharp();
// sharp sets this option of the whole process whenever a thread imports it.
sharp.concurrency(concurrency);
parentPort?.on("message", async (request: PictureRequest) => {
  const outcome = await outcomeOf(request);
  const moved = "values" in outcome ? [outcome.values.buffer as ArrayBuffer] : [];
  parentPort?.postMessage({ id: request.id, outcome }, moved);
});
parentPort?.postMessage("ready");

import { availableParallelism } from "node:os";
import { Semaphore } from "@serving-kit/core";
import { slices } from "../slices.js";
import { decode } from "./decode.js";
import type { ImagePlan } from "./image-options.js";
import type { PictureConverter, PictureValues } from "./picture-converter.js";
import { PictureThread } from "./picture-thread.js";

/**
 * Limits the number of images of this event loop that are between decoding and the tensor, at 3 bytes per pixel each.
 * libuv has four threads. One processor is left to the event loop: otherwise its timers wait for a time slice of the
 * threads that decode and resize.
 */
const decoding = new Semaphore(Math.max(1, Math.min(4, availableParallelism() - 1)));

/**
 * Converts one image to its part of a tensor: in the worker thread, or in slices on this thread.
 *
 * @throws as `image`.
 */
export async function readPicture(
  file: Uint8Array,
  plan: ImagePlan,
  convert: PictureConverter,
  signal: AbortSignal | undefined,
): Promise<PictureValues> {
  // Without the signal, because thousands of images of a call would each add a listener.
  await decoding.acquire();
  try {
    signal?.throwIfAborted();
    const values = await pictureThread()?.convert(file, plan);
    signal?.throwIfAborted();
    if (values !== undefined) return values;
    const picture = await decode(file, plan.maxPixels);
    return await slices.run(convert(picture), signal);
  } finally {
    decoding.release();
  }
}

/** Number of images that this thread converts itself, so that a short program starts no worker thread. */
const IMAGES_BEFORE_THREAD = 8;

/** sharp is not tested in the worker threads of other runtimes. */
const canStartThread = !("bun" in process.versions || "deno" in process.versions);
const thread = new PictureThread();
let count = 0;

/** Returns the worker thread if it is ready. It starts after the first images. */
function pictureThread(): PictureThread | undefined {
  count++;
  // If sharp is missing, the caller gets the error.
  if (count === IMAGES_BEFORE_THREAD && canStartThread) thread.start().catch(() => {});
  return thread.isReady ? thread : undefined;
}

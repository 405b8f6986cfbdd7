import {
  type Clock,
  type Loader,
  type ServableId,
  systemClock,
  unload,
  wrapLoader,
} from "@serving-kit/core";
import type { Predictor } from "@serving-kit/inference";
import type { ModelProcessing } from "../config/processing-config.js";
import type { ModelProcessor } from "../plugins/model-processor.js";

/** The processing of a version, as plain data for other threads. */
export interface Processed {
  readonly processing: ModelProcessing;
  readonly path: string;
}

interface Behind extends Processed {
  readonly predictor: Predictor;
}

/** The original predictor of each processed predictor. */
const behind = new WeakMap<Predictor, Behind>();

/** Returns the predictor behind a processed one, and its processing; undefined if it was not processed. */
export const behindProcessing = (predictor: Predictor): Behind | undefined => behind.get(predictor);

/** Wraps a loader so that its versions are processed. */
export function processedLoader(
  loader: Loader<Predictor>,
  processor: ModelProcessor,
  processed: Processed,
  id: ServableId,
): Loader<Predictor> {
  return wrapLoader(loader, async (context) => {
    const predictor = await loader.load(context);
    try {
      return await process(predictor, processor, processed, id, context.clock ?? systemClock);
    } catch (error) {
      await unload(predictor);
      throw error;
    }
  });
}

/** Processes a predictor in the same way as one of another thread was processed. */
export async function process(
  predictor: Predictor,
  processor: ModelProcessor,
  { processing, path }: Processed,
  id: ServableId,
  clock: Clock,
): Promise<Predictor> {
  const result = await processor.process(predictor, processing, { id, path, clock });
  behind.set(result, { predictor, processing, path });
  return result;
}

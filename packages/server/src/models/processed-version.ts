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

/** How a version was processed: plain, for other threads. */
export interface Processed {
  readonly processing: ModelProcessing;
  readonly path: string;
}

interface Behind extends Processed {
  readonly predictor: Predictor;
}

/** The predictors that were processed, by what came of it. */
const behind = new WeakMap<Predictor, Behind>();

/** Returns the predictor behind a processed one, and how it was processed; undefined if it was not. */
export const behindProcessing = (predictor: Predictor): Behind | undefined => behind.get(predictor);

/** A loader whose versions are processed. */
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

/** Processes a predictor as one of another thread was. */
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

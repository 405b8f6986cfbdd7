import { RAM_BYTES } from "@serving-kit/core";
import {
  definePlatform,
  gatedFiles,
  optionsOfModel,
  type PlatformFactory,
} from "@serving-kit/inference";
import { modelCompleteness } from "./completeness.js";
import { findModel, hasModelFile, LIBRARIES } from "./find-model.js";
import { inspectModel } from "./inspect-model.js";
import { openModel } from "./open-model.js";
import { checkOptions, type TreeOptions } from "./options.js";
import { readModel } from "./read-model.js";
import { sharedTreesOf } from "./share.js";
import type { Library } from "./tree-model.js";

/** Memory for rows and the kernel, without the trees. */
const FIXED_BYTES = 2 ** 20;

/** Returns the platform for a library's models. */
export function treePlatform(library: Library): PlatformFactory<TreeOptions> {
  const { title, files } = LIBRARIES[library];
  return definePlatform<TreeOptions>({
    name: library,
    keepsContract: true,
    models: `${title} models`,
    files,

    async load({ path, options, own, signal, clock, logger }) {
      const settings = optionsOfModel(options, own?.[library], checkOptions);
      const { allRounds = false } = settings;
      const { model, path: file } = await readModel(library, path, { allRounds }, signal);
      signal.throwIfAborted();
      const { rounds } = model;
      if (rounds.used < rounds.inFile) {
        logger.info(
          { rounds: rounds.used },
          `${file}: ${rounds.used} of ${rounds.inFile} rounds are used, those up to best_iteration; option allRounds uses all`,
        );
      }
      return openModel(model, model.forest, settings, { clock, logger });
    },

    async attach(shared, services) {
      const { model, placed, options } = sharedTreesOf(library, shared);
      return openModel(model, placed, options, services);
    },

    accepts: (path) => hasModelFile(library, path),

    isComplete: (path) => modelCompleteness(library, path),

    inspect: (path, options) => inspectModel(library, path, options),

    async estimateResources({ path, sizeBytes }) {
      const bytes =
        sizeBytes ?? (await gatedFiles.stat((await findModel(library, path)).path)).size;
      return { [RAM_BYTES]: 2 * bytes + FIXED_BYTES };
    },
  });
}

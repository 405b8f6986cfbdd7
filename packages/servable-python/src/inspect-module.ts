import { join } from "node:path";
import { type Clock, silentLogger, systemClock, unload } from "@serving-kit/core";
import { formatSignature, type ModelInspection } from "@serving-kit/inference";
import { MODULE_FILE } from "./find-module.js";
import { loadModel } from "./load-model.js";
import type { Settings } from "./options.js";

/** Describes a model by loading it in a worker, which exits afterwards. */
export async function inspectModule(
  path: string,
  settings: Settings,
  clock: Clock = systemClock,
): Promise<ModelInspection> {
  const module = join(path, MODULE_FILE);
  const controller = new AbortController();
  const { predictor } = await loadModel(
    { module, config: {} },
    { ...settings, workers: 1, watch: false },
    {
      ...{ path, id: { name: "inspected", version: 0n }, signal: controller.signal },
      ...{ clock, logger: silentLogger },
    },
  );
  try {
    const signatures = [...predictor.signatures].flatMap((one) => formatSignature(...one));
    const form = predictor.respond
      ? ["It answers bodies of the REST predict API, and has no signatures."]
      : [`batchable: ${predictor.batchable ? "yes" : "no"}`, ...signatures];
    return { description: [`${module}: a Python model`, ...form].join("\n"), problems: [] };
  } finally {
    await unload(predictor);
  }
}

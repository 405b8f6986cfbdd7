import {
  type LoadContext,
  type Loader,
  type ServableId,
  type StoragePath,
  servableId,
  systemClock,
  unload,
  wrapLoader,
} from "@serving-kit/core";
import { type DefinedModel, isDefinedModel } from "./defined-model.js";
import { checkExpected } from "./expected-model.js";
import { formatSignature } from "./format-signature.js";
import { guard } from "./guard.js";
import { type MapContext, type Mapping, mapLoaded } from "./map-loaded.js";
import type {
  Answer,
  Given,
  Inputs,
  ModelType,
  OneSignature,
  Outputs,
  Specs,
} from "./model-type.js";
import { signaturesOf } from "./plain-predictor.js";
import { type Platform, withMembers } from "./platform.js";
import type { Predictor } from "./predictor.js";
import { DEFAULT_SIGNATURE, type Signature } from "./signature.js";

type MaybePromise<T> = T | Promise<T>;

/** The signature of a model that `mapPredictor` calls. */
type Called<T extends ModelType> = T["signatures"][keyof T["signatures"]];

/** Options of `mapPredictor`. */
export interface MapDefinition<I, O, T extends ModelType = ModelType> {
  /** The name of the platform in configuration. Default `mapped-` and the name of the wrapped platform. */
  readonly name?: string | undefined;
  /** The inputs that callers pass, by name. */
  readonly inputs: I;
  /** The outputs that callers receive, by name. */
  readonly outputs: O;
  /**
   * True if dimension 0 of every input and output is the batch, and `before` and `after` treat each row independently.
   * Calls are joined if the mapped model is batchable too. Default false.
   */
  readonly batchable?: boolean | undefined;
  /** The signature of the mapped model that is called. Default `serving_default`. */
  readonly signature?: string | undefined;
  /** The signatures that the mapped model must have. They type `before` and `after`. Default: any signatures. */
  readonly expects?: T | undefined;
  /** Computes the inputs of the mapped model: values that `toTensor` converts. Default: the inputs of the call. */
  readonly before?:
    | ((inputs: Given<I>, context: MapContext<I>) => MaybePromise<Inputs<Called<T>["inputs"]>>)
    | undefined;
  /** Computes the outputs of the call from the outputs of the mapped model. Default: the same outputs. */
  readonly after?:
    | ((outputs: Outputs<Called<T>["outputs"]>, context: MapContext<I>) => MaybePromise<Answer<O>>)
    | undefined;
}

/**
 * Adapts the inputs and outputs of a platform or a defined model: image bytes instead of a tensor, labels instead of
 * numbers. The result is used like a defined model. Guarantees:
 *
 * - MP1 Callers see one signature, `serving_default`, with `inputs` and `outputs`. Calls are checked against it, as by
 *   `guard`.
 * - MP2 A call runs `before`, the mapped model and `after`, in this order and once each. If one fails, the call rejects
 *   and the next does not run.
 * - MP3 The deadline and the signal of a call apply to all three.
 * - MP4 The predictor is batchable if the definition and the mapped predictor are.
 * - MP5 Disposal waits for calls in flight, and disposes the mapped predictor once.
 * - MP6 If the mapped predictor can be shared with other threads, the result is shared too, and mapped in each thread.
 * - MP7 Loading fails with MODEL_UNEXPECTED or SIGNATURE_NOT_FOUND if the mapped model does not fit `expects` or has no
 *   such `signature`. The mapped predictor is then disposed.
 *
 * @example
 * ```ts
 * const photos = mapPredictor(tflite(), {
 *   inputs: { pixels: spec.uint8([-1, 224, 224, 3]) },
 *   outputs: { label: spec.string([-1]) },
 *   before: ({ pixels }) => ({ input: Float32Array.from(pixels.data, (value) => value / 255) }),
 *   after: ({ scores }) => ({ label: rowsOf(scores as Tensor).map(labelOf) }),
 * });
 * const models = await createModelServer({ models: { photos: { basePath: "models/photos", platform: photos } } });
 * ```
 *
 * @throws ServingError INVALID_ARGUMENT / PREDICTOR_UNFIT if the specs are not valid; TypeError if `name` is the name
 * of the mapped platform.
 */
export function mapPredictor<
  const I extends Specs,
  const O extends Specs,
  T extends ModelType = ModelType,
>(
  target: Platform | DefinedModel<T>,
  definition: MapDefinition<I, O, T>,
): DefinedModel<OneSignature<I, O>> {
  const mapping = definition as unknown as Mapping;
  const { inputs, outputs, batchable = false } = mapping;
  const { name = `mapped-${target.platformName}` } = mapping;
  if (name === target.platformName) {
    // Other threads would attach the shared predictor without the mapping.
    throw new TypeError(
      `mapPredictor: name must differ from that of the mapped platform; got "${name}"`,
    );
  }
  const signatures = { [DEFAULT_SIGNATURE]: { inputs, outputs } };
  guard({ signatures, batchable, predict: () => ({}) }, { where: "mapPredictor" });
  const loader = (storage: StoragePath = { path: "" }, id = servableId(name, 1)) =>
    mappedLoader(target.loader(storage, id), mapping, name, id, storage.path);
  const { inspect, attach } = target;
  const platform = withMembers(target, {
    platformName: name,
    loader,
    ...(inspect && { inspect: inspectOf(inspect, mapping) }),
    ...(attach && { attach: attachOf(attach, target.platformName, mapping, name) }),
  });
  const readsFolders = isDefinedModel(target) ? target.readsFolders : true;
  const isBatchable = batchable && (!isDefinedModel(target) || target.batchable);
  return Object.assign(platform, {
    signatures,
    batchable: isBatchable,
    readsFolders,
    loader,
  }) as unknown as DefinedModel<OneSignature<I, O>>;
}

function mappedLoader(
  loader: Loader<Predictor>,
  mapping: Mapping,
  platform: string,
  id: ServableId,
  path: string,
): Loader<Predictor> {
  return wrapLoader(loader, async (context: LoadContext) => {
    const predictor = await loader.load(context);
    try {
      if (mapping.expects) checkExpected(mapping.expects, predictor.signatures, path);
      const { clock = systemClock } = context;
      return mapLoaded(predictor, mapping, { platform, where: `"${id.name}"`, clock });
    } catch (error) {
      await unload(predictor);
      throw error;
    }
  });
}

function attachOf(
  attach: NonNullable<Platform["attach"]>,
  platform: string,
  mapping: Mapping,
  name: string,
): NonNullable<Platform["attach"]> {
  return async (shared, services = {}) => {
    const predictor = await attach({ ...shared, platform }, services);
    const { clock = systemClock } = services;
    return mapLoaded(predictor, mapping, { platform: name, where: `"${name}"`, clock });
  };
}

function inspectOf(
  inspect: NonNullable<Platform["inspect"]>,
  { inputs, outputs }: Mapping,
): NonNullable<Platform["inspect"]> {
  const signatures = signaturesOf({ callers: { inputs, outputs } }) as Map<string, Signature>;
  const [signature] = signatures.values();
  const lines = formatSignature("as callers see it", signature as Signature);
  return async (path) => {
    const inspection = await inspect(path);
    const description = [inspection.description, ...lines.map((line) => `  ${line}`)].join("\n");
    return { ...inspection, description };
  };
}

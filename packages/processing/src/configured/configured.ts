import type { Clock } from "@serving-kit/core";
import {
  DEFAULT_SIGNATURE,
  type Mapping,
  mapLoaded,
  type Predictor,
  type Specs,
  signatureOf,
  type TensorSpec,
  type Tensors,
} from "@serving-kit/inference";
import { checkNames } from "../check-option.js";
import { boxesStep, sharesStep, topKStep } from "./after-steps.js";
import { audioStep, imageStep, tokenizeStep } from "./before-steps.js";
import type { AfterConfig, BeforeConfig, ProcessingConfig } from "./processing-config.js";
import { type AfterStep, type BeforeStep, type StepScope, unfit } from "./step.js";

/** The context in which a predictor is processed. */
export interface ProcessContext {
  /** The name of the model, for errors. */
  readonly where: string;
  /** The path of the version, against which paths of files are resolved. */
  readonly path: string;
  readonly clock: Clock;
}

/**
 * Applies the steps of a configuration to a loaded predictor and takes ownership of it. Uses `mapPredictor`, with
 * inputs and outputs derived from the model's signature. Callers pass the inputs that no step produces, and receive the
 * outputs that no step consumes.
 *
 * @throws ServingError INVALID_ARGUMENT / PROCESSING_INVALID if the steps do not fit the model, and errors of `labels`
 * and `tokenize`. Then it does not dispose the predictor.
 */
export async function processLoaded(
  predictor: Predictor,
  config: ProcessingConfig,
  { where, path, clock }: ProcessContext,
): Promise<Predictor> {
  checkNames("processing", config, ["signature", "before", "after"]);
  const { signature: name = DEFAULT_SIGNATURE } = config;
  const signature = signatureOf(predictor, name);
  const scope: StepScope = { signature, path };
  const before = await beforeOf(config.before ?? [], scope);
  const after = await afterOf(config.after ?? [], before.picture, scope);
  const mapping: Mapping = {
    signature: name,
    inputs: before.inputs,
    outputs: after.outputs,
    batchable: before.isRowwise,
    async before(inputs, context) {
      const made = await Promise.all(before.steps.map((step) => step.run(inputs, context)));
      const passed = before.passed.map((input) => [input, inputs[input]]);
      return Object.assign(Object.fromEntries(passed), ...made);
    },
    async after(outputs, context) {
      let current: Tensors = outputs;
      for (const step of after.steps) {
        const left = Object.entries(current).filter(([output]) => !step.takes.includes(output));
        current = { ...Object.fromEntries(left), ...(await step.run(current, context)) };
      }
      return current;
    },
  };
  return mapLoaded(predictor, mapping, { where, clock });
}

type Picture = ReturnType<typeof imageStep>;

async function beforeOf(configs: readonly BeforeConfig[], scope: StepScope) {
  const open = new Map(scope.signature.inputs);
  const steps: BeforeStep[] = [];
  let inputs: Specs = {};
  let picture: Picture | undefined;
  for (const config of configs) {
    const { image, tokenize, audio } = config;
    checkStep("processing.before", config, ["image", "tokenize", "audio"]);
    let step: BeforeStep;
    if (image) step = picture = imageStep(image, open);
    else if (tokenize) step = await tokenizeStep(tokenize, open, scope);
    else step = audioStep(audio as NonNullable<typeof audio>, open);
    for (const made of step.makes) open.delete(made);
    inputs = joined("processing.before", inputs, step.inputs);
    steps.push(step);
  }
  const passed = [...open.keys()];
  return {
    ...{ steps, picture, passed },
    inputs: joined("processing.before", inputs, Object.fromEntries(open)),
    isRowwise: steps.every(({ isRowwise }) => isRowwise),
  };
}

async function afterOf(
  configs: readonly AfterConfig[],
  picture: Picture | undefined,
  scope: StepScope,
) {
  let open: ReadonlyMap<string, TensorSpec> = scope.signature.outputs;
  const steps: AfterStep[] = [];
  for (const config of configs) {
    const { softmax, sigmoid, topK, boxes } = config;
    checkStep("processing.after", config, ["softmax", "sigmoid", "topK", "boxes"]);
    let step: AfterStep;
    if (softmax) step = sharesStep("softmax", softmax, open);
    else if (sigmoid) step = sharesStep("sigmoid", sigmoid, open);
    else if (topK) step = await topKStep(topK, open, scope);
    else step = await boxesStep(boxes as NonNullable<typeof boxes>, picture, open, scope);
    const left = [...open].filter(([name]) => !step.takes.includes(name));
    const all = joined("processing.after", Object.fromEntries(left), step.outputs);
    open = new Map(Object.entries(all));
    steps.push(step);
  }
  return { steps, outputs: Object.fromEntries(open) };
}

function checkStep(where: string, step: object, known: readonly string[]): void {
  checkNames(where, step, known);
  const given = Object.values(step).filter((value) => value !== undefined);
  if (given.length !== 1) unfit(where, `expected one of ${known.join(", ")}; got ${given.length}`);
}

/** Merges both, unless they have a name in common. */
function joined(where: string, some: Specs, others: Specs): Specs {
  const twice = Object.keys(others).find((name) => Object.hasOwn(some, name));
  if (twice !== undefined) unfit(where, `"${twice}" is there twice; give one another name`);
  return { ...some, ...others };
}

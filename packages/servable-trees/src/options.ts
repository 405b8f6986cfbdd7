import { checkOptionsOf, type OptionChecks, optionCheck } from "@serving-kit/inference";

/**
 * How models of decision trees are loaded and called.
 *
 * @example
 * ```ts
 * const options: TreeOptions = { missing: -999, inputName: "input__0" };
 * ```
 */
export interface TreeOptions {
  /**
   * Whether all rounds of training are used. Default false: those up to `best_iteration`, if the file has it from
   * early stopping, as XGBoost's scikit-learn classes do. LightGBM's files have only the rounds that are used.
   */
  readonly allRounds?: boolean | undefined;
  /** A number in the inputs that is missing, in addition to NaN, such as -999. Default none. */
  readonly missing?: number | undefined;
  /** The name of the input with all features. Default `input`; clients of Triton's FIL expect `input__0`. */
  readonly inputName?: string | undefined;
  /** The name of the output of `serving_default`. Default `predict`; clients of Triton's FIL expect `output__0`. */
  readonly outputName?: string | undefined;
  /**
   * Where trees are walked. Default `auto`: in WebAssembly, or in JavaScript if that does not run. Both
   * return the same answers.
   */
  readonly kernel?: "auto" | "javascript" | undefined;
}

const { boolean, oneOf } = optionCheck;

const name = {
  expected: "a string of 1 to 256 characters",
  fits: (value: unknown) => typeof value === "string" && value !== "" && value.length <= 256,
};

const CHECKS: OptionChecks<TreeOptions> = {
  allRounds: boolean,
  missing: { expected: "a number", fits: (value) => typeof value === "number" },
  inputName: name,
  outputName: name,
  kernel: oneOf(["auto", "javascript"]),
};

/** Checks options. @throws TypeError that names the option, what was expected and what was given. */
export const checkOptions = (options: TreeOptions): void =>
  checkOptionsOf("trees", CHECKS, options);

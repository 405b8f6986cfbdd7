import { checkOptionsOf, type OptionChecks, optionCheck } from "@serving-kit/inference";

/**
 * Options for loading and calling models of decision trees.
 *
 * @example
 * ```ts
 * const options: TreeOptions = { missing: -999, inputName: "input__0" };
 * ```
 */
export interface TreeOptions {
  /**
   * True if all training rounds are used. Default false: only those up to `best_iteration`, if the file has it from
   * early stopping, as XGBoost's scikit-learn classes do. LightGBM's files contain only the used rounds.
   */
  readonly allRounds?: boolean | undefined;
  /** A number in the inputs that counts as missing, in addition to NaN, such as -999. Default none. */
  readonly missing?: number | undefined;
  /** The name of the input with all features. Default `input`; clients of Triton's FIL expect `input__0`. */
  readonly inputName?: string | undefined;
  /** The name of the output of `serving_default`. Default `predict`; clients of Triton's FIL expect `output__0`. */
  readonly outputName?: string | undefined;
  /**
   * The kernel that walks trees. Default `auto`: WebAssembly, or JavaScript if WebAssembly is not available. Both
   * return the same predictions.
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

/** Checks options. @throws TypeError. The message has the option, the expected value and the received value. */
export const checkOptions = (options: TreeOptions): void =>
  checkOptionsOf("trees", CHECKS, options);

/** How models of decision trees are loaded and called. */
export interface TreeOptions {
  /**
   * Whether all rounds of training are used. Default false: those up to `best_iteration`, if the file has it from
   * early stopping, as XGBoost's scikit-learn classes do. LightGBM's files have only the rounds that are used.
   */
  readonly allRounds?: boolean;
  /** A number in the inputs that is missing, in addition to NaN, such as -999. Default none. */
  readonly missing?: number;
  /** The name of the input with all features. Default `input`; clients of Triton's FIL expect `input__0`. */
  readonly inputName?: string;
  /** The name of the output of `serving_default`. Default `predict`; clients of Triton's FIL expect `output__0`. */
  readonly outputName?: string;
  /**
   * Where trees are walked. Default `auto`: in WebAssembly, or in JavaScript if that does not run. Both
   * return the same answers.
   */
  readonly kernel?: "auto" | "javascript";
}

const KERNELS = ["auto", "javascript"];

const isName = (value: unknown) => typeof value === "string" && value !== "" && value.length <= 256;

const CHECKS: {
  readonly [K in keyof TreeOptions]-?: { expected: string; fits(value: unknown): boolean };
} = {
  allRounds: { expected: "true or false", fits: (value) => typeof value === "boolean" },
  missing: { expected: "a number", fits: (value) => typeof value === "number" },
  inputName: { expected: "a string of 1 to 256 characters", fits: isName },
  outputName: { expected: "a string of 1 to 256 characters", fits: isName },
  kernel: {
    expected: KERNELS.map((name) => `"${name}"`).join(" or "),
    fits: (value) => KERNELS.includes(value as string),
  },
};

/** @throws TypeError for an option that is unknown or wrong, with its name, what was expected and what was given. */
export function checkOptions(options: TreeOptions): void {
  for (const [name, value] of Object.entries(options)) {
    if (!Object.hasOwn(CHECKS, name)) {
      throw new TypeError(
        `option ${name} is unknown; expected one of ${Object.keys(CHECKS).join(", ")}`,
      );
    }
    const { expected, fits } = CHECKS[name as keyof TreeOptions];
    if (value !== undefined && !fits(value)) {
      throw new TypeError(`option ${name}: expected ${expected}; got ${String(value)}`);
    }
  }
}

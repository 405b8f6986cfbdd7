import { configErrors } from "./errors/config-errors.js";
import { lifecycleErrors } from "./errors/lifecycle-errors.js";
import { modelErrors } from "./errors/model-errors.js";
import { pluginErrors } from "./errors/plugin-errors.js";
import { requestErrors } from "./errors/request-errors.js";

/** The errors of this package, one factory for each reason. Texts of TF Serving are unchanged. */
export const errors = {
  ...configErrors,
  ...modelErrors,
  ...pluginErrors,
  ...requestErrors,
  ...lifecycleErrors,
};

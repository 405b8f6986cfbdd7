import { describe, it } from "vitest";
import { runPluginSuites } from "./plugin-suites.js";
import { runSuitesOnFakes } from "./suites-on-fakes.js";

runSuitesOnFakes({ describe, it });
runPluginSuites({ describe, it });

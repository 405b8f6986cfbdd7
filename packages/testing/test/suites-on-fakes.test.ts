import { describe, it } from "vitest";
import { runSuitesOnFakes } from "./suites-on-fakes.js";

runSuitesOnFakes({ describe, it });

import { describe, it } from "node:test";
import { runSuitesOnFakes } from "./suites-on-fakes.js";

runSuitesOnFakes({ describe, it });

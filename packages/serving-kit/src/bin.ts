#!/usr/bin/env node
import { setFlagsFromString } from "node:v8";
import { cacheCompiledModules } from "./compile-cache.js";
import { endWhileUnwatched } from "./termination.js";

// Runs before other modules load: loading takes a fraction of a second, and a container may be stopped in that time.
if (process.pid === 1) endWhileUnwatched();
// Client messages are stored outside V8's heap. With a small heap, V8 allows only 8 MB of such memory before each
// full collection, and these collections may take more CPU time than the calls.
setFlagsFromString("--heap-growing-percent=400");
cacheCompiledModules();
const { runCommand } = await import("./command.js");
process.exitCode = await runCommand(process.argv.slice(2));

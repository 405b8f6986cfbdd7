#!/usr/bin/env node
import { setFlagsFromString } from "node:v8";
import { endWhileUnwatched } from "./termination.js";

// Before all else is loaded, which takes a container a part of a second in which it may be stopped.
if (process.pid === 1) endWhileUnwatched();
// Messages of clients are memory outside of V8's heap. A small heap gets room for 8 MB of it and is then
// collected whole, again and again, which may take more CPU time than the calls.
setFlagsFromString("--heap-growing-percent=400");
const { runCommand } = await import("./command.js");
process.exitCode = await runCommand(process.argv.slice(2));

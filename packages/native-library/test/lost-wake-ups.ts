import { NativeLanes } from "../src/native-lanes.js";
import { callAtRandom, LaneUser, startLanes } from "./lanes.js";

// Calls a function ten million times on two lanes, or as often as the argument says. A lost wake-up would end the
// process with code 13, because nothing keeps it alive; so does a timer that finds no progress.
const total = Number(process.argv[2] ?? 10_000_000);
const lanes = new NativeLanes({ limit: () => 2, checkMs: 60_000 });
const user = new LaneUser(lanes);
await startLanes(lanes, user);
const startedAt = performance.now();
const wrong = await callAtRandom(user, total);
const seconds = ((performance.now() - startedAt) / 1_000).toFixed(0);
process.stdout.write(`${total} calls in ${seconds} s: ${wrong} wrong, none lost\n`);
await lanes.close();
process.exitCode = wrong === 0 ? 0 : 1;

import { extname } from "node:path";

/** The URL of the module that a canary process imports. */
export const canaryModule = new URL(`./canary${extname(import.meta.url)}`, import.meta.url).href;

import type { Signature } from "@serving-kit/inference";
import type { ServerCore } from "@serving-kit/server";
import { exampleBody } from "./example-body.js";

/** The content of the page. */
export interface ModelsPage {
  /** True if the server is ready. */
  readonly ready: boolean;
  readonly models: readonly PageModel[];
}

/** A model on the page. */
export interface PageModel {
  readonly name: string;
  /** Its versions, newest first. */
  readonly versions: readonly PageVersion[];
  /** A command that calls the model, or that requests its signatures or state if no short call is known. */
  readonly curl: string;
}

/** A version on the page. */
export interface PageVersion {
  readonly version: string;
  readonly state: string;
  /** The stable reason of its error, such as `MODEL_FILE_INVALID`. */
  readonly reason?: string;
}

/** Lists all models that are configured or still have versions. `base` is the address for their commands. */
export function listModels(core: ServerCore, base: string): PageModel[] {
  const names = new Set(core.modelNames());
  for (const { id } of core.versions()) names.add(id.name);
  return Array.from(names, (name) => {
    const versions = core.versions(name).map(({ id, state, error }) => ({
      version: String(id.version),
      state,
      ...(error && { reason: error.reason }),
    }));
    const isAvailable = versions.some(({ state }) => state === "available");
    const url = `${base}/v1/models/${encodeURIComponent(name)}`;
    return {
      name,
      versions,
      curl: curlLine(url, isAvailable ? signaturesOf(core, name) : undefined),
    };
  });
}

/** Returns undefined if the model cannot be acquired, for example while the server starts. */
function signaturesOf(core: ServerCore, name: string): ReadonlyMap<string, Signature> | undefined {
  try {
    return core.describe({ name }).signatures;
  } catch {
    return undefined;
  }
}

function curlLine(url: string, signatures: ReadonlyMap<string, Signature> | undefined): string {
  if (signatures === undefined) return `curl ${quoted(url)}`;
  const body = exampleBody(signatures);
  if (body === undefined) return `curl ${quoted(`${url}/metadata`)}`;
  return `curl -d ${quoted(body)} ${quoted(`${url}:predict`)}`;
}

/** Quotes a word for a POSIX shell. */
function quoted(text: string): string {
  return /^[\w./:%~@=+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

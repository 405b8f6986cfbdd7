import type { Steps } from "@serving-kit/core";
import { type MemoryAllowance, OBJECT_BYTES } from "@serving-kit/inference";
import { type ModelConfig, type ModelFields, readRemoteModel } from "@serving-kit/server";
import { WireReader } from "@serving-kit/tensorflow-wire";
import { messageOfType } from "./messages.js";

/** A ReloadConfigRequest. */
export interface ReloadRequest {
  /** Undefined if the request has no list of models. */
  readonly models: readonly ModelConfig[] | undefined;
  readonly names: readonly string[];
}

const modelConfig = messageOfType<ModelFields>("ModelConfig");

/** Returns the tag of a length-delimited field. */
const tag = (id: number) => (id << 3) | 2;

const CONFIG = tag(1);
const METRIC_NAMES = tag(2);
const MODEL_CONFIG_LIST = tag(1);
const MODEL = tag(1);

/**
 * Reads a ReloadConfigRequest, one model per step, because there may be thousands.
 *
 * @throws ServingError INVALID_ARGUMENT for an unreadable message or an invalid model, and errors of the allowance.
 */
export function* readReloadRequest(
  bytes: Uint8Array,
  allowance: MemoryAllowance | undefined,
): Steps<ReloadRequest> {
  const names: string[] = [];
  const lists: WireReader[] = [];
  for (const [of, reader] of fieldsOf(new WireReader(bytes))) {
    if (of === CONFIG) {
      for (const [inner, list] of fieldsOf(reader))
        if (inner === MODEL_CONFIG_LIST) lists.push(list);
    } else if (of === METRIC_NAMES) {
      allowance?.take(2 * OBJECT_BYTES.text + 8 * reader.remaining);
      names.push(Buffer.from(reader.take(reader.remaining)).toString());
    }
    yield;
  }
  const models: ModelConfig[] = [];
  for (const list of lists) {
    for (const [of, model] of fieldsOf(list)) {
      if (of !== MODEL) continue;
      models.push(readRemoteModel(modelConfig.decode(model.take(model.remaining), allowance)));
      yield;
    }
  }
  return { models: lists.length > 0 ? models : undefined, names };
}

/** Yields the length-delimited fields of a message with their tags. */
function* fieldsOf(reader: WireReader): Generator<readonly [tag: number, content: WireReader]> {
  while (reader.hasMore) {
    const next = reader.tag();
    if ((next & 7) === 2) yield [next, reader.message()];
    else reader.skip(next);
  }
}

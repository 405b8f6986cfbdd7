import type { EventEmitter } from "node:events";
import { shareSignal } from "@serving-kit/core";
import { errors } from "../errors.js";

const controllers = new WeakMap<object, AbortController>();

/**
 * Returns the signal that aborts when the client disconnects: one per connection, because an AbortController per
 * request would cost more than the rest of its handling. Over HTTP/2, whose connections carry many requests, pass the
 * response instead of the connection.
 */
export function clientSignal(owner: EventEmitter & { readonly destroyed: boolean }): AbortSignal {
  let controller = controllers.get(owner);
  if (controller === undefined) {
    const created = new AbortController();
    controller = created;
    controllers.set(owner, created);
    shareSignal(created.signal);
    // The reason is created lazily: its stack is expensive, and most connections close between requests.
    const gone = () => created.abort(errors.clientGone());
    if (owner.destroyed) gone();
    else owner.once("close", gone);
  }
  return controller.signal;
}

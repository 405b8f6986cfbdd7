import type { Authorize } from "../calls/authorize.js";
import type { LoopObservers } from "../loop/loop-observers.js";
import type { ServedModels } from "../models/served-models.js";
import type { ServerCore } from "../plugins/server-core.js";

/** The parts of a server that its threads use. */
export interface ThreadsHost {
  readonly models: ServedModels;
  readonly observers: LoopObservers;
  readonly core: Pick<ServerCore, "reload" | "counts">;
  readonly authorize: Authorize | undefined;
  isStarted(): boolean;
  /** Calls `listener` when `isStarted` may have changed. */
  onStateChange(listener: () => void): Disposable;
}

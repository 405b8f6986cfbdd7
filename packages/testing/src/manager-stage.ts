import assert from "node:assert/strict";
import {
  formatServableRequest,
  isServingError,
  type Manager,
  type ServableRequest,
} from "@serving-kit/core";
import { turn } from "./turn.js";
import { until } from "./waiting.js";

/** A manager with one servable that can be acquired. */
export interface ManagerSubject<S> {
  readonly manager: Manager<S>;
  /** The name of the available servable. */
  readonly name: string;
  /** Returns whether a servable has been loaded and not unloaded. */
  isLoaded(servable: S): boolean;
  /**
   * Removes every version from the aspired list, so that the manager unloads it as soon as possible. Absent if the
   * manager does not support it; then M2 and H1 are tested while the manager closes.
   */
  withdraw?(): void | Promise<void>;
  /** Advances time for the manager. Default: a turn of the event loop. */
  pass?(): void | Promise<void>;
}

/** A manager under test with the steps of the tests. */
export interface ManagerStage<S> extends ManagerSubject<S> {
  /** Makes the manager unload, by withdrawing if possible, otherwise by closing. */
  leave(): Promise<void>;
  /** Asserts that a servable stays loaded while time passes. */
  quiet(servable: S, when: string): Promise<void>;
  /** Waits until a servable is unloaded. */
  unloads(servable: S, when: string): Promise<void>;
}

/** Creates the steps for a manager. */
export function makeStage<S>(subject: ManagerSubject<S>, timeoutMs: number): ManagerStage<S> {
  const { manager, name } = subject;
  const isLoaded = subject.isLoaded.bind(subject);
  const pass = subject.pass?.bind(subject) ?? turn;
  return {
    manager,
    name,
    isLoaded,
    async leave() {
      if (subject.withdraw) await subject.withdraw();
      else void manager.close();
    },
    async quiet(servable, when) {
      for (let i = 0; i < 5; i++) {
        await pass();
        await turn();
        assert.ok(isLoaded(servable), `expected the servable to stay loaded ${when}`);
      }
    },
    unloads: (servable, when) =>
      until(
        () => !isLoaded(servable),
        pass,
        timeoutMs,
        () => `expected an unload ${when}`,
      ),
  };
}

/** Asserts that a call synchronously throws a ServingError with this code and reason. */
export function assertThrows(
  body: () => unknown,
  code: string,
  reason: string,
  request: ServableRequest,
): void {
  const what = formatServableRequest(request);
  try {
    body();
  } catch (error) {
    assert.ok(isServingError(error), `${what}: expected a ServingError; got ${error}`);
    assert.deepEqual([error.code, error.reason], [code, reason], what);
    return;
  }
  assert.fail(`${what}: expected ${reason}; nothing was thrown`);
}

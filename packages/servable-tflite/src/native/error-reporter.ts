import { formatVarArgs, type NativeCallback, nativeCallback } from "@serving-kit/native-library";

/** Maximum messages to keep per interpreter; further messages are dropped. */
const MAX_MESSAGES = 16;

const reporters = new Map<bigint, string[]>();
let nextId = 1n;

// One callback per thread, with user data that identifies the reporter: each callback takes one of koffi's slots.
let callback: NativeCallback | undefined;

function report(id: bigint | null, format: bigint, args: bigint): void {
  const messages = reporters.get(id ?? 0n);
  if (messages !== undefined && messages.length < MAX_MESSAGES) {
    messages.push(formatVarArgs(format, args));
  }
}

/** Collects the messages of TensorFlow Lite for one interpreter, which otherwise go to stderr. */
export class ErrorReporter implements Disposable {
  readonly #messages: string[] = [];
  /** The pointer to pass as user data. */
  readonly userData = nextId++;

  constructor() {
    reporters.set(this.userData, this.#messages);
  }

  /** The C function to pass. */
  get pointer(): bigint {
    callback ??= nativeCallback(report, "void", ["void *", "void *", "void *"]);
    return callback.pointer;
  }

  /** Returns the messages since the last call, as one string. */
  take(): string {
    return this.#messages.splice(0).join(" ");
  }

  /** Call it after the interpreter is deleted. */
  [Symbol.dispose](): void {
    reporters.delete(this.userData);
  }
}

import { formatVarArgs, type NativeCallback, nativeCallback } from "@serving-kit/native-library";

/** Messages kept for one interpreter; the rest of a flood is dropped. */
const MAX_MESSAGES = 16;

const reporters = new Map<bigint, string[]>();
let nextId = 1n;

// One for the thread, told apart by the user data: each would take one of koffi's slots.
let callback: NativeCallback | undefined;

function report(id: bigint | null, format: bigint, args: bigint): void {
  const messages = reporters.get(id ?? 0n);
  if (messages !== undefined && messages.length < MAX_MESSAGES) {
    messages.push(formatVarArgs(format, args));
  }
}

/** Collects what TensorFlow Lite says of one interpreter, which else goes to stderr. */
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

  /** The messages since the last call, in one text. */
  take(): string {
    return this.#messages.splice(0).join(" ");
  }

  /** Once the interpreter is gone. */
  [Symbol.dispose](): void {
    reporters.delete(this.userData);
  }
}

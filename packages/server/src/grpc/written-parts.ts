import type { ServerHttp2Stream } from "node:http2";
import type { AnswerWatch, WatchedAnswer } from "../limits/answer-watch.js";

type Written = (error?: Error | null) => void;
type Write = (bytes: Buffer, written: Written) => boolean;

/** Messages are written in parts of this length, so that slow reading counts as progress. */
const PART_BYTES = 2 ** 18;

/** The messages written to one call, in parts, watched for progress until they are sent. */
export class WrittenParts implements WatchedAnswer, Disposable {
  readonly #stream: ServerHttp2Stream;
  readonly #answers: AnswerWatch;
  readonly #write: Write;
  /** True if the call streams responses, and is watched from its start to its end. */
  readonly #isStream: boolean;
  #waiting = 0;
  #sent = 0;

  constructor(stream: ServerHttp2Stream, answers: AnswerWatch, isStream: boolean) {
    this.#stream = stream;
    this.#answers = answers;
    this.#isStream = isStream;
    this.#write = stream.write.bind(stream) as Write;
    stream.write = ((bytes: Buffer, written: Written) => this.#start(bytes, written)) as never;
    if (isStream) answers.watch(this);
  }

  waitingBytes(): number {
    return this.#waiting;
  }

  progress(): number {
    return this.#sent;
  }

  cut(): void {
    this.#stream.close(8); // CANCEL
    this.#stream.destroy();
  }

  [Symbol.dispose](): void {
    this.#answers.forget(this);
  }

  #start(bytes: Buffer, written: Written): boolean {
    if (this.#waiting === 0 && !this.#isStream) this.#answers.watch(this);
    this.#waiting += bytes.length;
    return this.#next(bytes, written);
  }

  #next(bytes: Buffer, written: Written): boolean {
    const part = bytes.length > PART_BYTES ? bytes.subarray(0, PART_BYTES) : bytes;
    return this.#write(part, (error) => {
      this.#waiting -= part.length;
      this.#sent += part.length;
      const rest = bytes.subarray(part.length);
      const isOver = error != null || rest.length === 0 || this.#stream.writableEnded;
      if (!isOver) return void this.#next(rest, written);
      this.#waiting -= rest.length;
      if (this.#waiting === 0 && !this.#isStream) this.#answers.forget(this);
      written(error);
    });
  }
}

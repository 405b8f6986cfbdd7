/** Maximum length of a log line. Longer lines are split. */
const MAX_CHARACTERS = 8_192;

/** Splits the text of a stream into lines. */
export class Lines {
  readonly #onLine: (line: string) => void;
  #rest = "";

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine;
  }

  push(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#emit(line);
    while (this.#rest.length > MAX_CHARACTERS) {
      this.#onLine(this.#rest.slice(0, MAX_CHARACTERS));
      this.#rest = this.#rest.slice(MAX_CHARACTERS);
    }
  }

  /** Emits the rest at the end of the stream. */
  end(): void {
    if (this.#rest !== "") this.#emit(this.#rest);
    this.#rest = "";
  }

  #emit(line: string): void {
    const text = line.endsWith("\r") ? line.slice(0, -1) : line;
    for (let start = 0; start === 0 || start < text.length; start += MAX_CHARACTERS) {
      this.#onLine(text.slice(start, start + MAX_CHARACTERS));
    }
  }
}

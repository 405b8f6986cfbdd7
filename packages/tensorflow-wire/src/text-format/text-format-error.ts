/** An error in a text, with its line. */
export class TextFormatError extends Error {
  /** The line, from 1. */
  readonly line: number;

  constructor(problem: string, line: number) {
    super(`${problem} (line ${line})`);
    this.name = "TextFormatError";
    this.line = line;
  }
}

import type { LoggedRequest, RequestLogSink } from "@serving-kit/server";

/** A sink that is read with `for await`. */
export interface RequestLogStream extends RequestLogSink, AsyncIterable<LoggedRequest> {}

/**
 * Makes a sink whose requests a single reader receives with `for await`. While the reader works, requests wait in the
 * log's bounded queue. The loop ends when the server closes, or when the reader leaves it; after that, `write`
 * rejects.
 */
export function requestLogStream(): RequestLogStream {
  let pending: readonly LoggedRequest[] = [];
  let isClosed = false;
  let wakeReader: (() => void) | undefined;
  let wakeWriter: (() => void) | undefined;

  async function* read(): AsyncGenerator<LoggedRequest> {
    try {
      while (true) {
        yield* pending;
        pending = [];
        wakeWriter?.();
        if (isClosed) return;
        await new Promise<void>((resolve) => {
          wakeReader = resolve;
        });
      }
    } finally {
      isClosed = true;
      wakeWriter?.();
    }
  }
  const reader = read();

  return {
    async write(requests) {
      if (isClosed) throw new Error("the reader of the request log stream has stopped");
      pending = requests;
      wakeReader?.();
      await new Promise<void>((resolve) => {
        wakeWriter = resolve;
      });
    },
    close() {
      isClosed = true;
      wakeReader?.();
    },
    [Symbol.asyncIterator]: () => reader,
  };
}

import type { ServerResponse } from "node:http";
import { type Logger, messageOf } from "@serving-kit/core";

/**
 * Writes the parts of a response as they arrive, no faster than the client reads them. An error of the stream is
 * logged and closes the connection. Never rejects.
 */
export async function writeStream(
  response: ServerResponse,
  body: AsyncIterable<Uint8Array>,
  { logger, beforeEnd }: { readonly logger: Logger; readonly beforeEnd: () => void },
): Promise<void> {
  const parts = body[Symbol.asyncIterator]();
  // One waiter at a time: a race against the end would keep a waiter for each part.
  let wake = () => {};
  response.once("close", () => wake());
  const untilClosed = <T>(
    start: (resolve: (value?: T) => void, reject: (error: unknown) => void) => void,
  ) =>
    new Promise<T | undefined>((resolve, reject) => {
      wake = () => resolve(undefined);
      if (response.destroyed) wake();
      else start(resolve, reject);
    });
  response.flushHeaders();
  try {
    for (;;) {
      const part = await untilClosed<IteratorResult<Uint8Array>>((resolve, reject) => {
        parts.next().then(resolve, reject);
      });
      if (part === undefined || part.done) break;
      if (!response.write(part.value)) {
        await untilClosed<void>((resolve) => response.once("drain", () => resolve()));
      }
    }
    beforeEnd();
    response.end();
  } catch (error) {
    logger.error({ err: error }, `a streamed response failed: ${messageOf(error)}`);
    response.destroy();
  } finally {
    giveUp(parts);
  }
}

/** Returns the parts of a response as a web stream; `done` is called at its end. */
export function webStream(
  body: AsyncIterable<Uint8Array>,
  done: () => void = () => {},
): ReadableStream<Uint8Array> {
  const parts = body[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const part = await parts.next();
        if (!part.done) return controller.enqueue(part.value);
        controller.close();
      } catch (error) {
        controller.error(error);
      }
      done();
    },
    cancel() {
      giveUp(parts);
      done();
    },
  });
}

/** Lets the source of a stream clean up, without waiting for it. */
export function giveUp(stream: AsyncIterable<Uint8Array> | AsyncIterator<Uint8Array>): void {
  const parts = Symbol.asyncIterator in stream ? stream[Symbol.asyncIterator]() : stream;
  void Promise.resolve(parts.return?.()).catch(() => {});
}

import {
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import type { ModelServer } from "serving-kit";

/**
 * Polls a server's storage whenever an SQS queue receives messages. The bucket sends its `s3:ObjectCreated:*`
 * notifications to that queue. Returns when the signal aborts.
 */
export async function pollOnEvents(
  server: Pick<ModelServer, "poll">,
  client: SQSClient,
  queueUrl: string,
  signal: AbortSignal,
): Promise<void> {
  const receive = { QueueUrl: queueUrl, WaitTimeSeconds: 20, MaxNumberOfMessages: 10 };
  while (!signal.aborted) {
    let messages: readonly Message[] | undefined;
    try {
      const command = new ReceiveMessageCommand(receive);
      messages = (await client.send(command, { abortSignal: signal })).Messages;
    } catch (error) {
      if (signal.aborted) return;
      throw error;
    }
    if (messages === undefined || messages.length === 0) continue;
    await server.poll();
    const entries = messages.map(({ ReceiptHandle }, i) => ({ Id: String(i), ReceiptHandle }));
    await client.send(new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries: entries }));
  }
}

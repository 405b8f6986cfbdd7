import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import {
  CreateQueueCommand,
  GetQueueAttributesCommand,
  SendMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { expect, it } from "vitest";
import {
  moto,
  startMoto,
  unlessMoto,
} from "../../packages/source-object-store/test/stores/moto.js";
import { pollOnEvents } from "./poll-on-events.js";

it("polls for messages of the bucket, and deletes them then", async () => {
  const stop = new AbortController();
  const steps: string[] = [];
  const queue = [[], [{ ReceiptHandle: "one" }, { ReceiptHandle: "two" }]];
  const client = {
    async send({ constructor: { name }, input }: { constructor: { name: string }; input: object }) {
      if (name === "ReceiveMessageCommand") {
        const Messages = queue.shift();
        if (Messages !== undefined) return { Messages };
        stop.abort();
        throw stop.signal.reason;
      }
      steps.push(`${name} ${JSON.stringify((input as { Entries: object }).Entries)}`);
      return {};
    },
  } as unknown as SQSClient;
  const server = {
    async poll() {
      steps.push("poll");
    },
  };
  await pollOnEvents(server, client, "https://sqs.example/queue", stop.signal);
  expect(steps).toEqual([
    "poll",
    'DeleteMessageBatchCommand [{"Id":"0","ReceiptHandle":"one"},{"Id":"1","ReceiptHandle":"two"}]',
  ]);
});

it.skipIf(moto === undefined)(
  `polls when an object is put into a bucket whose notifications a queue gets${unlessMoto}`,
  async () => {
    await using store = await startMoto();
    const { endpoint } = store;
    const credentials = { accessKeyId: "a", secretAccessKey: "b" };
    const client = new SQSClient({ endpoint, region: "us-east-1", credentials });
    const { QueueUrl = "" } = await client.send(new CreateQueueCommand({ QueueName: "models" }));
    const put = (path: string, body?: string) =>
      fetch(`${endpoint}/bucket${path}`, { method: "PUT", ...(body !== undefined && { body }) });
    await put("");
    const { status } = await put("?notification", NOTIFICATIONS);
    expect(status).toBe(200);
    let polls = 0;
    const server = {
      async poll() {
        polls++;
      },
    };
    const waiting = async () => {
      const AttributeNames = ["All" as const];
      const command = new GetQueueAttributesCommand({ QueueUrl, AttributeNames });
      const { Attributes } = await client.send(command);
      const names = [
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
      ] as const;
      return names.map((name) => Number(Attributes?.[name]));
    };
    const stop = new AbortController();
    const polling = pollOnEvents(server, client, QueueUrl, stop.signal);
    const seen = { timeout: 60_000 };
    // A bucket sends a message of its own when its notifications are set up: the one here starts the count.
    await client.send(new SendMessageCommand({ QueueUrl, MessageBody: "{}" }));
    await expect.poll(waiting, seen).toEqual([0, 0]);
    const before = polls;
    expect(before).toBeGreaterThan(0);
    await put("/models/digits/1/_READY", "");
    await expect.poll(() => polls, seen).toBeGreaterThan(before);
    await expect.poll(waiting, seen).toEqual([0, 0]);
    stop.abort();
    await polling;
    client.destroy();
  },
  120_000,
);

/** The body that `aws s3api put-bucket-notification-configuration` sends. */
const NOTIFICATIONS = `<NotificationConfiguration><QueueConfiguration>
  <Queue>arn:aws:sqs:us-east-1:123456789012:models</Queue><Event>s3:ObjectCreated:*</Event>
</QueueConfiguration></NotificationConfiguration>`;

it.skipIf(process.platform !== "linux")("uploads the manifest first", async () => {
  const folder = await mkdtemp(join(tmpdir(), "serving-kit-publish-"));
  const model = join(folder, "3");
  await mkdir(join(model, "assets"), { recursive: true });
  await writeFile(join(model, "model.tflite"), "model");
  await writeFile(join(model, "assets/words"), "words");
  const log = join(folder, "log");
  const aws = join(folder, "aws");
  await writeFile(aws, `#!/bin/sh\necho "$@" >> ${log}\n`);
  await chmod(aws, 0o755);
  const env = { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}` };
  execFileSync("sh", [join(import.meta.dirname, "publish.sh"), model, "s3://bucket/m/3"], { env });
  expect((await readFile(log, "utf8")).split("\n")).toEqual([
    "s3 cp SHA256SUMS s3://bucket/m/3/SHA256SUMS",
    "s3 cp --recursive . s3://bucket/m/3",
    "",
  ]);
  const sums = await readFile(join(model, "SHA256SUMS"), "utf8");
  expect(sums).toMatch(/^[0-9a-f]{64} {2}\.\/(assets\/words|model\.tflite)$/m);
  await rm(folder, { recursive: true });
});

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { stringsOf, tensor } from "@serving-kit/inference";
import { afterAll, describe, expect, it } from "vitest";
import { labels } from "./labels.js";
import { sigmoid } from "./sigmoid.js";
import { softmax } from "./softmax.js";
import { type TopKOptions, topK } from "./top-k.js";

const scores = (...rows: number[][]) =>
  tensor("float32", [rows.length, rows[0]?.length ?? 0], rows.flat());

describe("softmax and sigmoid", () => {
  it("computes shares of each row, also of large numbers", () => {
    const { shape, data } = softmax(scores([0, 0], [1000, 1000], [0, Math.log(3)]));
    expect(shape).toEqual([3, 2]);
    expect([...data].map((x) => +x.toFixed(6))).toEqual([0.5, 0.5, 0.5, 0.5, 0.25, 0.75]);
  });

  it("accepts quantized scores", () => {
    const quantization = { scale: [Math.log(3)], zeroPoint: [10] };
    const { data } = softmax(tensor("uint8", [1, 2], [10, 11]), quantization);
    expect([...data].map((x) => +x.toFixed(6))).toEqual([0.25, 0.75]);
  });

  it("squashes each element", () => {
    expect([...sigmoid(scores([0, 1000, -1000])).data]).toEqual([0.5, 1, 0]);
  });

  it("rejects values that are not rows of numbers", () => {
    expect(() => softmax(tensor("string", [1], ["a"]))).toThrow(
      'tensor "logits" must be numbers in rows; got string [1]',
    );
  });
});

describe("topK", () => {
  it("finds the best of each row, best first, equal ones in order, NaN last", () => {
    const { classes, scores: best } = topK(2)(scores([1, 3, 3], [Number.NaN, 0, -1]));
    expect([classes.dtype, classes.shape, best.shape]).toEqual(["int32", [2, 2], [2, 2]]);
    expect([...classes.data]).toEqual([1, 2, 1, 2]);
    expect([...best.data]).toEqual([3, 3, 0, -1]);
    expect([...topK(1)(scores([Number.NaN, 1])).classes.data]).toEqual([1]);
  });

  it("agrees with sorting", () => {
    const row = Array.from({ length: 500 }, (_, i) => (i * 7919) % 101);
    const order = row.map((_, i) => i).sort((a, b) => (row[b] as number) - (row[a] as number));
    expect([...topK(20)(scores(row)).classes.data]).toEqual(order.slice(0, 20));
    expect([...topK(1000)(scores(row)).classes.data]).toEqual(order);
  });

  it("names the classes, and accepts the labels of a ZipMap", () => {
    const { classes } = topK(1, { labels: ["cat", "dog"] })(scores([1, 2]));
    expect(stringsOf(classes)).toEqual(["dog"]);
    const zipMap = tensor("int64", [1, 2], [7n, 9n]);
    const named = topK(1, {} as TopKOptions)(scores([1, 2]), zipMap);
    expect(stringsOf(named.classes as never)).toEqual(["9"]);
  });

  it("rejects another number of labels, and a k that is not one", () => {
    expect(() => topK(1, { labels: ["cat"] })(scores([1, 2]))).toThrow(
      "the model has 2 classes; expected as many labels; got 1",
    );
    expect(() => topK(0)).toThrow("topK must be an integer from 1 to 10000; got 0");
  });
});

describe("labels", () => {
  const folder = mkdtempSync(join(tmpdir(), "serving-kit-labels-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const file = (name: string, content: string | Buffer) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };

  it("reads the lines of a file, an empty one too", async () => {
    const path = file("labels.txt", "\ufeffcat\r\n\r\ndog\r\n");
    expect(await labels({ file: path })).toEqual(["cat", "", "dog"]);
  });

  it("reads the file in the metadata of a .tflite", async () => {
    const model = file("a.tflite", packed({ "labels.txt": "daisy\ntulips\n", "notes.md": "x" }));
    expect(await labels({ tflite: model })).toEqual(["daisy", "tulips"]);
    const several = file("b.tflite", packed({ "en.txt": "daisy\n", "de.txt": "Tulpe\n" }));
    expect(await labels({ tflite: several, name: "de.txt" })).toEqual(["Tulpe"]);
    await expect(labels({ tflite: several })).rejects.toThrow(
      `no labels in ${several}: the model's metadata have several text files; name one of en.txt, de.txt`,
    );
  });

  it("reports what is missing", async () => {
    const bare = file("bare.tflite", "TFL3");
    await expect(labels({ tflite: bare })).rejects.toMatchObject({
      code: "FAILED_PRECONDITION",
      reason: "LABELS_UNREADABLE",
      message: `no labels in ${bare}: the model has no files in its metadata`,
    });
    await expect(labels({ file: file("empty.txt", "") })).rejects.toThrow("it is empty");
    await expect(labels({ file: join(folder, "none.txt") })).rejects.toThrow(/ENOENT/);
  });
});

/** Bytes of a model with a zip archive of uncompressed files after it, whose addresses count from the start. */
function packed(files: Readonly<Record<string, string>>): Buffer {
  const parts = [Buffer.from("a model")];
  const directory: Buffer[] = [];
  for (const [name, text] of Object.entries(files)) {
    const at = Buffer.concat(parts).length;
    const body = Buffer.from(text);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt32LE(crc32(body), 10);
    common.writeUInt32LE(body.length, 14);
    common.writeUInt32LE(body.length, 18);
    common.writeUInt16LE(name.length, 22);
    parts.push(Buffer.from("PK\x03\x04"), common, Buffer.from(name), body);
    const more = Buffer.alloc(14);
    more.writeUInt32LE(at, 10);
    directory.push(Buffer.from("PK\x01\x02\x14\x00"), common, more, Buffer.from(name));
  }
  const listed = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(Object.keys(files).length, 4);
  end.writeUInt16LE(Object.keys(files).length, 6);
  end.writeUInt32LE(listed.length, 8);
  end.writeUInt32LE(Buffer.concat(parts).length, 12);
  return Buffer.concat([...parts, listed, Buffer.from("PK\x05\x06"), end]);
}

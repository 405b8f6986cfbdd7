import { openS3 } from "../src/s3/index.js";

// Lists the bucket of the URI `argv[2]` by the environment of this process, and prints its keys or why it cannot.
const [, , uri = ""] = process.argv;
const keys: string[] = [];
try {
  const store = await openS3(uri);
  const { signal } = new AbortController();
  for await (const { objects } of store.list({ prefix: "", signal })) {
    keys.push(...objects.map(({ key }) => key));
  }
  process.stdout.write(`${keys}\n`);
} catch (error) {
  process.stdout.write(`${(error as Error).message}\n`);
}
process.exit();

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { hasOpenssl, selfSigned } from "../../test/tls-world.js";
import { readSslConfigFile } from "./ssl-config-file.js";

const folder = mkdtempSync(join(tmpdir(), "serving-kit-config-"));
afterAll(() => rmSync(folder, { recursive: true }));

const write = (text: string) => {
  const file = join(folder, "file.config");
  writeFileSync(file, text);
  return file;
};

describe("readSslConfigFile", () => {
  it.skipIf(!hasOpenssl())(
    "reads TF Serving's SSLConfig, texts on several lines joined",
    async () => {
      const [key, cert] = Object.values(selfSigned(folder, "own")).map(String);
      const quoted = (text = "") => JSON.stringify(text).replace("\\n", '\\n"\n  "');
      const text = `server_key: ${quoted(key)} server_cert: ${quoted(cert)}`;
      const pair = { serverKey: key, serverCert: cert };
      expect(await readSslConfigFile(write(text))).toEqual({ ...pair, clientVerify: false });
      const whole = write(`${text} custom_ca: ${quoted(cert)} client_verify: true`);
      const all = { ...pair, customCa: cert, clientVerify: true };
      expect(await readSslConfigFile(whole)).toEqual(all);
      for (const more of ["client_verify: true", 'client_verify: true custom_ca: ""']) {
        await expect(readSslConfigFile(write(`${text} ${more}`))).rejects.toMatchObject({
          reason: "CONFIG_FILE_INVALID",
          message: expect.stringContaining("client_verify needs a custom_ca"),
        });
      }
    },
  );

  it("rejects a file that is not a pair of PEM texts, without showing its content", async () => {
    const file = write('server_key: "/etc/SECRET.pem" server_cert: "/etc/cert.pem"');
    const error = await readSslConfigFile(file).catch((thrown) => thrown);
    expect(error).toMatchObject({
      reason: "CONFIG_FILE_INVALID",
      message: expect.stringContaining(`${file}: expected PEM texts, not paths, of a private key`),
    });
    expect(error.message).not.toContain("SECRET");
  });

  it.each([
    ['server_cert: "C"', "expected a server_key; got none"],
    ['server_key: "K"', "expected a server_cert; got none"],
    ["server_key: SECRET", "line 1 is invalid"],
    ['server_key: "K"\nclient_verify: SECRET\n', "line 2 is invalid"],
    ["\nSECRET", "line 2 is invalid"],
  ])("refuses %j and tells nothing of it", async (text, message) => {
    const file = write(text);
    const error = await readSslConfigFile(file).catch((thrown) => thrown);
    const prefix = message.startsWith("line") ? `Invalid protobuf file: '${file}'` : file;
    expect(error).toMatchObject({
      reason: "CONFIG_FILE_INVALID",
      message: `${prefix}: ${message}`,
    });
    expect(error.cause).toBeUndefined();
  });

  it("logs a text that does not parse without any of it", async () => {
    const lines: string[] = [];
    const log = (_: object, line: string) => void lines.push(line);
    const reading = readSslConfigFile(write("\nSECRET"), { info: log, warn: log, error: log });
    await expect(reading).rejects.toThrow("Invalid protobuf file: ");
    expect(lines).toEqual([
      "Error parsing text-format tensorflow.serving.SSLConfig: line 2 is invalid",
    ]);
  });

  it("reports which file cannot be read", async () => {
    await expect(readSslConfigFile("/nowhere")).rejects.toMatchObject({
      reason: "CONFIG_FILE_UNREADABLE",
      message: expect.stringContaining("SSL config file: expected a readable file"),
    });
  });
});

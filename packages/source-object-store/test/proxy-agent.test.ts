import { describe, expect, it } from "vitest";
import { openS3 } from "../src/s3/index.js";
import { proxyOf } from "../src/s3/proxy-agent.js";
import { ConnectProxy } from "./connect-proxy.js";
import { S3_CREDENTIALS, S3Server } from "./s3-server.js";

describe("proxyOf", () => {
  const environment = {
    HTTPS_PROXY: "http://proxy:3128",
    NO_PROXY: "internal, .corp:9000,10.0.0.1",
  };

  it.each([
    ["https://s3.eu-west-1.amazonaws.com", "http://proxy:3128/"],
    ["https://minio.internal", undefined],
    ["https://internal", undefined],
    ["https://minternal", "http://proxy:3128/"],
    ["https://store.corp:9000", undefined],
    ["https://store.corp", "http://proxy:3128/"],
    ["https://10.0.0.1:9000", undefined],
    ["http://s3.example", undefined],
  ])("%s: %s", (url, proxy) => {
    expect(proxyOf(new URL(url), environment)?.href).toBe(proxy);
  });

  it("prefers the names in lower case, and rejects what is not a URL, without showing it", () => {
    const url = new URL("http://s3.example");
    const both = { http_proxy: "http://a:1", HTTP_PROXY: "http://b:2" };
    expect(proxyOf(url, both)?.href).toBe("http://a:1/");
    expect(() => proxyOf(url, { HTTP_PROXY: "user:secret" })).toThrow(/HTTP_PROXY: expected a URL/);
    expect(proxyOf(url, { ALL_PROXY: "http://c:3", NO_PROXY: "*" })).toBeUndefined();
  });
});

describe("a proxy", () => {
  it("tunnels the requests of a store, with its own credentials", async () => {
    await using server = await S3Server.start();
    Object.assign(process.env, S3_CREDENTIALS);
    server.put("m/1/model", "bytes");
    await using proxy = await ConnectProxy.start();
    const HTTP_PROXY = `http://user:pass@${proxy.host}`;
    const store = await openS3("s3://bucket", { AWS_ENDPOINT_URL: server.endpoint, HTTP_PROXY });
    const keys: string[] = [];
    for await (const { objects } of store.list({
      prefix: "",
      signal: new AbortController().signal,
    })) {
      keys.push(...objects.map(({ key }) => key));
    }
    expect(keys).toEqual(["m/1/model"]);
    const authorization = `Basic ${Buffer.from("user:pass").toString("base64")}`;
    expect(proxy.asked).toEqual([`127.0.0.1:${server.port} ${authorization}`]);
  });
});

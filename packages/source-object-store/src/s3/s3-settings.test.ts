import { describe, expect, it } from "vitest";
import { parseStoreUri } from "../store-uri.js";
import { type Environment, S3_PARAMETERS, s3Settings } from "./s3-settings.js";

const settings = (query: string, environment: Environment = {}) =>
  s3Settings(parseStoreUri(`s3://bucket/models${query}`, S3_PARAMETERS), environment);

describe("s3Settings", () => {
  it.each<[string, Environment, Partial<ReturnType<typeof settings>>]>([
    ["", {}, { endpoint: undefined, region: undefined, forcePathStyle: false }],
    // A region of any name will do for a store that is not AWS's.
    [
      "",
      { AWS_ENDPOINT_URL: "http://minio:9000" },
      { endpoint: "http://minio:9000", region: "us-east-1", forcePathStyle: true },
    ],
    [
      "",
      { AWS_ENDPOINT_URL_S3: "http://s3:1", AWS_ENDPOINT_URL: "http://all:2" },
      { endpoint: "http://s3:1" },
    ],
    ["", { S3_ENDPOINT: "minio:9000" }, { endpoint: "https://minio:9000" }],
    ["", { S3_ENDPOINT: "minio:9000", S3_USE_HTTPS: "0" }, { endpoint: "http://minio:9000" }],
    ["", { S3_ENDPOINT: "http://minio:9000" }, { endpoint: "http://minio:9000" }],
    [
      "?endpoint=http://own:1&region=eu-west-1",
      { AWS_ENDPOINT_URL: "http://all:2", AWS_REGION: "us-west-2" },
      { endpoint: "http://own:1", region: "eu-west-1" },
    ],
    ["", { AWS_REGION: "a", AWS_DEFAULT_REGION: "b", S3_REGION: "c" }, { region: "a" }],
    ["", { AWS_DEFAULT_REGION: "b", S3_REGION: "c" }, { region: "b" }],
    ["", { S3_REGION: "c" }, { region: "c" }],
    ["?path_style=true", {}, { forcePathStyle: true }],
    ["?path_style=false", { AWS_ENDPOINT_URL: "http://a:1" }, { forcePathStyle: false }],
    ["", { AWS_ENDPOINT_URL: "http://a:1", S3_USE_PATH_STYLE: "0" }, { forcePathStyle: false }],
  ])("of s3://bucket/models%s with %j", (query, environment, expected) => {
    expect(settings(query, environment)).toMatchObject(expected);
  });

  it("has no credentials in an error about an endpoint", () => {
    const AWS_ENDPOINT_URL = "https://key:secret@minio:9000";
    expect(() => settings("", { AWS_ENDPOINT_URL })).toThrow(/got one with credentials$/);
  });
});

import { expect, it } from "vitest";
import { listeningAt } from "./http-listener.js";

it.each([
  ["::", undefined, "http://localhost:8501"],
  ["0.0.0.0", undefined, "http://localhost:8501"],
  ["127.0.0.1", undefined, "http://127.0.0.1:8501"],
  ["::1", undefined, "http://[::1]:8501"],
  ["0.0.0.0", { serverKey: "", serverCert: "" }, "https://localhost:8501"],
])("the URL of %s is one that clients on this machine can use", (host, ssl, url) => {
  const listening = listeningAt({ host, port: 8501 }, ssl ? { ssl } : {});
  expect(listening).toEqual({ host, port: 8501, url });
});

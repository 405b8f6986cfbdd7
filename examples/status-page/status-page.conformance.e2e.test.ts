import { protocolConformance } from "@serving-kit/testing/plugins";
import { describe, it } from "vitest";
import { statusPage } from "./status-page.js";

protocolConformance(
  { describe, it },
  {
    name: "status page",
    create: () => statusPage,
    http: { stream: { path: "/status/events" } },
  },
);

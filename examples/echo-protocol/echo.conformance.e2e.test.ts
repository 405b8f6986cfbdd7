import { type Tensor, tensor } from "@serving-kit/inference";
import {
  type ProtocolConformanceOptions,
  protocolConformance,
  serverConformance,
} from "@serving-kit/testing/plugins";
import { describe, it } from "vitest";
import { echo } from "./echo.js";
import { Values } from "./messages.js";

const options: ProtocolConformanceOptions = {
  name: "echo",
  create: () => echo,
  http: {}, // no route calls a model, and each stream ends of itself
  grpc: {
    dtypes: ["float32"],
    predict: ({ model, inputs }) => ({
      service: "echo.Echo",
      method: "Ask",
      message: Values.encode({ model, values: [...(inputs.x as Tensor<"float32">).data] }),
    }),
    outputs(answer) {
      const { values } = Values.decode(answer);
      return { y: tensor("float32", [values.length], values) };
    },
  },
};

protocolConformance({ describe, it }, options);
serverConformance({ describe, it }, options);

import { signatureOf, toTensors } from "@serving-kit/inference";
import type { CallContext, ServerCore } from "@serving-kit/server";
import { Values } from "./messages.js";

/** Calls the model named in the message, with its values as one row of the first input, and returns all outputs. */
export function ask(core: ServerCore, request: Uint8Array, context: CallContext) {
  return core.call(
    {
      api: "Ask",
      // The allowance refuses a message whose objects would take more memory than the server has for it.
      body: (allowance) => Values.decode(request, allowance),
      locate: ({ model }) => ({ name: model }),
      async run(version, { values }) {
        const signature = signatureOf(version.predictor);
        const [[input, { shape }] = ["", { shape: [] }]] = signature.inputs;
        const row = shape?.length === 1 ? values : [values];
        return version.predict({ inputs: toTensors(signature, { [input]: row }) });
      },
      encode(outputs, { name }) {
        const values = Object.values(outputs).flatMap(({ data }) => [...(data as Float32Array)]);
        return Values.encode({ model: name, values });
      },
    },
    context,
  );
}

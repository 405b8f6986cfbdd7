import { DEMO_PICTURE } from "./demo-model.js";

const BODY = JSON.stringify({ instances: [DEMO_PICTURE] });

/**
 * Instructions for calling the digits model at the REST API address `base`: a curl line, a program and the response.
 * Calls the model once to show the real response.
 */
export async function demoRequest(base: string): Promise<string> {
  const url = `${base}/v1/models/digits:predict`;
  const answer = await fetch(url, { method: "POST", body: BODY });
  return [
    "",
    "Try it with an image of a 5:",
    "",
    `curl -d '${BODY}' ${url}`,
    "",
    "The response is:",
    "",
    (await answer.text()).trimEnd(),
    "",
    "Or from a program: save this as digit.mjs and run `node digit.mjs`:",
    "",
    demoProgram(url),
    "",
    "Press Ctrl-C to stop the server.",
    "",
  ].join("\n");
}

const demoProgram = (url: string) => `const response = await fetch("${url}", {
  method: "POST",
  body: JSON.stringify(${BODY.replace('"instances":', " instances: ").replace("]]}", "]] }")}),
});
const { predictions } = await response.json();
console.log("digit", predictions[0].indexOf(Math.max(...predictions[0])));`;

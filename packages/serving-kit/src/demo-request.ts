import { DEMO_PICTURE } from "./demo-model.js";

const BODY = JSON.stringify({ instances: [DEMO_PICTURE] });

/**
 * The text that shows a person how to call the digits model at the address `base` of a REST API: a curl line and a
 * program. Calls it once, so that the answer that it shows is the answer that will come.
 */
export async function demoRequest(base: string): Promise<string> {
  const url = `${base}/v1/models/digits:predict`;
  const answer = await fetch(url, { method: "POST", body: BODY });
  return [
    "",
    "Try it with a picture of a 5:",
    "",
    `curl -d '${BODY}' ${url}`,
    "",
    "The answer will be:",
    "",
    (await answer.text()).trimEnd(),
    "",
    "Or in a program, such as digit.mjs for `node digit.mjs`:",
    "",
    demoProgram(url),
    "",
    "Ctrl-C ends the server.",
    "",
  ].join("\n");
}

const demoProgram = (url: string) => `const response = await fetch("${url}", {
  method: "POST",
  body: JSON.stringify(${BODY.replace('"instances":', " instances: ").replace("]]}", "]] }")}),
});
const { predictions } = await response.json();
console.log("digit", predictions[0].indexOf(Math.max(...predictions[0])));`;

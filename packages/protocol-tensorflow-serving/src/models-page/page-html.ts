import type { ModelsPage, PageModel, PageVersion } from "./page-models.js";

const STYLE =
  "body{font:16px/1.5 system-ui,sans-serif;max-width:60em;margin:2em auto;padding:0 1em}" +
  "pre{background:#8881;padding:.8em;white-space:pre-wrap;overflow-wrap:anywhere}" +
  ":root{color-scheme:light dark}";

/** Returns the HTML page. */
export function pageHtml({ ready, models }: ModelsPage): string {
  const count = `${models.length} ${models.length === 1 ? "model" : "models"}`;
  return [
    `<!doctype html><html lang="en"><meta charset="utf-8"><title>serving-kit</title>`,
    `<meta name="viewport" content="width=device-width"><style>${STYLE}</style>`,
    `<h1>serving-kit</h1><p>${count}; the server is ${ready ? "ready" : "not ready"}.</p>`,
    ...models.map(modelHtml),
    "",
  ].join("\n");
}

function modelHtml({ name, versions, curl }: PageModel): string {
  const list = versions.map((version) => `<li>${escaped(versionText(version))}</li>`).join("");
  return [
    `<h2>${escaped(name)}</h2>`,
    versions.length === 0 ? "<p>no versions</p>" : `<ul>${list}</ul>`,
    `<pre>${escaped(curl)}</pre>`,
  ].join("\n");
}

function versionText({ version, state, reason }: PageVersion): string {
  return `version ${version}: ${state}${reason === undefined ? "" : ` (${reason})`}`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/**
 * Calls a model over REST from a page. A page of another origin needs `--rest_api_enable_cors_support`.
 *
 * @param {string} url of the server, such as `http://localhost:8501`
 * @param {string} model
 * @param {unknown[]} instances the rows
 * @param {AbortSignal} [signal] such as `AbortSignal.timeout(10_000)`
 * @returns {Promise<unknown[]>} the outputs of each row
 */
export async function predict(url, model, instances, signal) {
  const response = await fetch(`${url}/v1/models/${encodeURIComponent(model)}:predict`, {
    method: "POST",
    body: JSON.stringify({ instances }),
    signal,
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer.predictions;
}

/** A file that a person chose, as a row of a model that takes bytes. */
export async function bytesOf(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return { b64: btoa(text) };
}

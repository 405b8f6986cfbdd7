/** Paths are relative: the server may be mounted under a prefix. */
export const PAGE = `<!doctype html>
<title>Models</title>
<style>td, th { text-align: left; padding: 0 1em } .error { color: firebrick }</style>
<table><thead><tr><th>model<th>version<th>state<th></table>
<script>
  const body = document.querySelector("table").createTBody();
  new EventSource("status/events").addEventListener("versions", ({ data }) => {
    body.replaceChildren();
    for (const { model, version, state, error } of JSON.parse(data)) {
      const row = body.insertRow();
      for (const text of [model, version, state, error ?? ""]) row.insertCell().textContent = text;
      row.lastChild.className = "error";
    }
  });
</script>
`;

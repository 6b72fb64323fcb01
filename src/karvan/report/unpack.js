// Unpacks the data of a single-file report, then starts the bundled front end, which finds the
// data where a page of the app would not have it: in the element "karvan-data".
(async () => {
  const held = (id) => document.getElementById(id).textContent;
  const add = (type, id, text) => {
    const element = document.createElement("script");
    element.type = type;
    element.id = id;
    element.textContent = text;
    document.body.append(element);
  };
  try {
    const bytes = Uint8Array.from(atob(held("karvan-packed")), (sign) => sign.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    add("application/json", "karvan-data", await new Response(stream).text());
    add("text/javascript", "karvan-script", held("karvan-app"));
  } catch (error) {
    document.getElementById("karvan").textContent = `${held("karvan-old")} (${error})`;
  }
})();

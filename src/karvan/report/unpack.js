// Unpacks data and front end of a single-file report, then starts the front end, which finds the
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
  const unpacked = (id) => {
    const bytes = Uint8Array.from(atob(held(id)), (sign) => sign.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
  };
  try {
    const [data, app] = await Promise.all([unpacked("karvan-packed"), unpacked("karvan-app")]);
    add("application/json", "karvan-data", data);
    add("text/javascript", "karvan-script", app);
  } catch (error) {
    document.getElementById("karvan").textContent = `${held("karvan-old")} (${error})`;
  }
})();

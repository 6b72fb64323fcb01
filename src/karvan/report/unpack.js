// Unpacks data and front end of a single-file report, then starts the front end, which finds here
// what an app would ask its server for.  Parts that come later stand below this script.
(async () => {
  const held = (id) => document.getElementById(id).textContent;
  const bytesOf = (base64) => {
    if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
    const text = atob(base64);
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i += 1) bytes[i] = text.charCodeAt(i);
    return bytes;
  };
  const unpacked = (id) => {
    const stream = new Blob([bytesOf(held(id))]).stream().pipeThrough(new DecompressionStream("gzip"));
    return new Response(stream).text();
  };
  const whole = new Promise((done) => {
    if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", done);
    else done();
  });
  try {
    const [data, app] = await Promise.all([unpacked("karvan-packed"), unpacked("karvan-app")]);
    window.karvanReport = {
      first: JSON.parse(data),
      part: async (name) => {
        await whole;
        return JSON.parse(await unpacked(`karvan-${name}`));
      },
    };
    const script = document.createElement("script");
    script.id = "karvan-script";
    script.textContent = app;
    document.body.append(script);
  } catch (error) {
    document.getElementById("karvan").textContent = `${held("karvan-old")} (${error})`;
  }
})();

import { defineConfig } from "vite";

// One script and one style sheet with fixed names: the report puts both into a single file,
// the server sends them as they are.
export default defineConfig({
  base: "./",
  publicDir: false,
  // A library build leaves this to its user; there is none, and no `process` in a browser.
  define: { "process.env.NODE_ENV": JSON.stringify("production") },
  build: {
    outDir: "../src/karvan/report/assets",
    emptyOutDir: true,
    target: "es2022",
    minify: true,
    sourcemap: false,
    modulePreload: false,
    // The licences of what is bundled travel with it.
    license: { fileName: "licences.md" },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1200,
    lib: {
      entry: "src/main.ts",
      name: "karvan",
      formats: ["iife"],
      fileName: () => "app.js",
      cssFileName: "app",
    },
  },
});

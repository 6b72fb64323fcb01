/** Start of the bundle: a report if the page holds a document, else the app. */

import "./core/style.css";
import "./core/tables.css";
import "./core/narrow.css";
import "./core/print.css";
import "./pages/index";
import { startApp } from "./app/main";
import type { KarvanDocument } from "./core/document";
import { startReport } from "./core/shell";

function start(): void {
  const root = document.getElementById("karvan") ?? document.body.appendChild(document.createElement("div"));
  root.id = "karvan";
  const data = document.getElementById("karvan-data")?.textContent;
  if (data) startReport(root, JSON.parse(data) as KarvanDocument);
  else startApp(root);
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
else start();

/** Start of the bundle: a report if the page holds a document, else the app. */

import "./core/style.css";
import "./core/tables.css";
import "./core/narrow.css";
import "./core/print.css";
import "./pages/index";
import { startApp } from "./app/main";
import type { KarvanDocument, PartName, Tables } from "./core/document";
import { startReport } from "./core/shell";

/** What the script that unpacks a single-file report leaves for us. */
interface Packed {
  first: KarvanDocument;
  part(name: PartName): Promise<{ tables: Tables }>;
}

function start(): void {
  const root = document.getElementById("karvan") ?? document.body.appendChild(document.createElement("div"));
  root.id = "karvan";
  const packed = (window as { karvanReport?: Packed }).karvanReport;
  if (packed) startReport(root, packed.first, async (name) => (await packed.part(name)).tables);
  else startApp(root);
}

// The element is above the script in reports and apps alike: nothing is waited for.
start();

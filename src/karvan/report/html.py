"""The report as one HTML file that opens from disk and asks for nothing else.

Document and front end inside are compressed: plain, they are three to four times as large.  Base64
has no sign that a parser of HTML could take for markup, so whatever a case's texts hold stays data.
"""

import base64
import gzip
import hashlib
import html
import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from karvan.case.results import Results, write_bytes
from karvan.errors import KarvanError
from karvan.report.document import document_json, report_document
from karvan.report.language import Texts
from karvan.report.parts import LATER, first_part, later_part

SCRIPT, STYLE, UNPACK = "app.js", "app.css", "unpack.js"
COMPRESSION = 9

TEMPLATE = """<!doctype html>
<html lang="{lang}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="karvan {version}">
<meta name="description" content="{description}">
<title>{title}</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<noscript><p>{no_script}</p></noscript>
<div id="karvan"></div>
<p id="karvan-old" hidden>{old_browser}</p>
<script type="text/plain" id="karvan-packed">{data}</script>
<script type="text/plain" id="karvan-app">{script}</script>
<script>{unpack}</script>
{later}
</body>
</html>
"""

LATER_DATA = '<script type="text/plain" id="karvan-{name}">{data}</script>'
POLICY = (
    "default-src 'none'; script-src {scripts}; style-src 'unsafe-inline'; "
    "img-src data: blob:; base-uri 'none'; form-action 'none'"
)
"""Only the bundled scripts may run, and nothing may be fetched, whatever a case's texts hold."""


class AssetsMissingError(KarvanError):
    """The front end is not built, so there is nothing to show results with."""


def report_page(results: Results, lang: str = "en") -> str:
    """Return the report on a finished run as an HTML page, opened in the language `lang`."""
    script, style = _asset(SCRIPT), _asset(STYLE)
    unpack = files("karvan.report").joinpath(UNPACK).read_text(encoding="utf-8")
    document = report_document(results)
    title, description = _title(document, lang)
    texts = Texts(lang)
    return TEMPLATE.format(
        lang=lang,
        policy=POLICY.format(scripts=f"{_digest(script)} {_digest(unpack)}"),
        version=html.escape(str(document["meta"]["versions"].get("karvan", ""))),
        title=html.escape(title),
        description=html.escape(description),
        no_script=html.escape(
            texts("This report needs JavaScript: allow scripts for this file and open it again.")
        ),
        old_browser=html.escape(
            texts("This report could not be opened: it needs a browser of the year 2023 or later.")
        ),
        # Inside the strings of a style sheet this means the same.
        style=re.sub(r"</(style)", r"<\\/\1", style, flags=re.IGNORECASE),
        data=pack(first_part(document)),
        script=packed(script),
        unpack=unpack,
        # Below the script, so that the first page is drawn before these are read.
        later="\n".join(
            LATER_DATA.format(name=n, data=pack(later_part(document, n))) for n in LATER
        ),
    )


def pack(document: Mapping[str, Any]) -> str:
    """Return a document as JSON, compressed, in base64; the same document is the same text."""
    return packed(document_json(document))


def packed(text: str) -> str:
    """Return a text compressed, in base64."""
    return base64.b64encode(gzip.compress(text.encode(), COMPRESSION, mtime=0)).decode()


def _digest(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def write_report(results: Results, path: Path, lang: str = "en") -> Path:
    """Write the report on a finished run as one HTML file, and return its path.

    Raises
    ------
    AssetsMissingError
        The front end is not built.
    ResultsError
        A table cannot be read, or the file not be written.
    """
    page = report_page(results, lang)
    write_bytes(path, page.encode())
    return path


def assets() -> Path:
    """Return the folder of the built front end."""
    return Path(str(files("karvan.report"))) / "assets"


def _asset(name: str) -> str:
    """Return a built file; the hash in the policy is of the script as it stands."""
    path = assets() / name
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        message = (
            f"{path}: cannot read it ({error.strerror}); expected the built front end, which "
            "comes with an installed karvan. Install karvan again with a connection to the "
            "network, or, in a copy of the sources, run 'npm ci && npm run build' in frontend/"
        )
        raise AssetsMissingError(message) from None


def _title(document: Mapping[str, Any], lang: str) -> tuple[str, str]:
    """Return the title of the page and a line about it: the scenario asked, and the case."""
    meta = document["meta"]
    case = meta["title"].get(lang) or meta["title"]["en"]
    table = document["tables"].get("scenarios", {"columns": [], "rows": []})
    names = [column["name"] for column in table["columns"]]
    for row in (dict(zip(names, cells, strict=True)) for cells in table["rows"]):
        if row["id"] == meta["scenario"]:
            scenario = row.get(f"title_{lang}") or row["title_en"]
            return f"{scenario} – Karvan", f"{case}; {meta['year']}"
    return f"{case}, {meta['year']} – Karvan", f"{case}; {meta['year']}"

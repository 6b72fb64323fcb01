"""The page of the app and what it loads: one script and one style sheet."""

import gzip
import hashlib
from importlib.resources import files
from pathlib import Path

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from karvan.web.errors import not_found
from karvan.web.replies import packed_reply, reply

TYPES = {"app.js": "text/javascript", "app.css": "text/css"}
FOREVER = "public, max-age=31536000, immutable"
PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Karvan</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/assets/app.css?v={style}">
<script src="/assets/app.js?v={script}" defer></script>
</head>
<body>
<noscript><p>This page needs JavaScript: allow scripts for it and load it again.</p></noscript>
<div id="karvan" class="app">
<header class="app-header"><div class="app-brand"><strong>Karvan</strong></div></header>
<main><p class="app-opening" role="status">Karvan …</p></main>
</div>
</body>
</html>
"""
"""The header is there before the script is read; the script fills it."""
NOT_BUILT = """\
<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Karvan</title></head>
<body>
<h1>The page of the app has not been built</h1>
<p>In a checkout: <code>cd frontend &amp;&amp; npm ci &amp;&amp; npm run build</code>,
then load this page again. An installed karvan has it already.</p>
<p>The API works without it: <a href="/api/v1/openapi.json">/api/v1/openapi.json</a></p>
</body>
</html>
"""


class Assets:
    """Script and style sheet, compressed once; read anew when they have been built anew."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or Path(str(files("karvan.report"))) / "assets"
        self._kept: dict[str, tuple[tuple[int, int], str, bytes]] = {}

    def find(self, name: str) -> tuple[str, bytes] | None:
        """Return version and compressed content of an asset; None where it is not built."""
        path = self._folder / name
        try:
            state = path.stat()
            stamp = (state.st_mtime_ns, state.st_size)
            known = self._kept.get(name)
            if known is None or known[0] != stamp:
                data = path.read_bytes()
                version = hashlib.sha256(data).hexdigest()[:12]
                known = (stamp, version, gzip.compress(data, 9, mtime=0))
                self._kept[name] = known
        except OSError:
            return None
        return known[1], known[2]

    def page_files(self) -> dict[str, tuple[str, bytes] | None]:
        """Find all that the page loads."""
        return {name: self.find(name) for name in TYPES}

    async def page(self, request: Request) -> Response:
        """Send the page that loads the app."""
        found = self.page_files()
        script, style = found["app.js"], found["app.css"]
        if script is None or style is None:
            return HTMLResponse(NOT_BUILT, 503, {"Cache-Control": "no-store"})
        text = PAGE.format(script=script[0], style=style[0])
        return reply(request, text, "text/html")

    async def asset(self, request: Request) -> Response:
        """Send script or style sheet; what is asked by its version never changes."""
        name = request.path_params["name"]
        found = self.find(name) if name in TYPES else None
        if found is None:
            message = "no such file"
            raise not_found(message, "the app loads /assets/app.js and /assets/app.css")
        version, packed = found
        headers = {"Cache-Control": FOREVER} if request.query_params.get("v") == version else {}
        return packed_reply(request, packed, TYPES[name], tag=version, headers=headers)

"""The report as PDF on A4, set by typst (extra ``pdf``).

The template gets its texts as JSON, never as markup, so a name that looks like a command stays a
name.  Only the fonts that ship with karvan are used: they hold all four languages, and with the
same version of typst the same results give the same bytes on every machine.
"""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

from karvan.case.results import Results, write_bytes
from karvan.errors import KarvanError
from karvan.report.pdf_content import content

TEMPLATE, FONTS = "pdf.typ", "fonts"


class PdfError(KarvanError):
    """The PDF cannot be made."""


def write_pdf(results: Results, path: Path, lang: str = "en") -> Path:
    """Write the report on a finished run as PDF in the language `lang`, and return its path.

    Raises
    ------
    PdfError
        The package ``typst`` is missing or cannot set the report.
    ResultsError
        A table cannot be read, or the file not be written.
    """
    write_bytes(path, pdf_bytes(results, lang))
    return path


def pdf_bytes(results: Results, lang: str = "en") -> bytes:
    """Return the report on a finished run as PDF."""
    return compile_pdf(content(results, lang))


def compile_pdf(document: dict[str, Any]) -> bytes:
    """Return a document of :func:`karvan.report.pdf_content.content` as PDF."""
    try:
        import typst
    except ImportError:
        message = "a report as PDF needs the extra 'pdf': pip install 'karvan[pdf]'"
        raise PdfError(message) from None
    folder = Path(str(files("karvan.report")))
    try:
        pdf: bytes = typst.compile(
            folder / TEMPLATE,
            root=folder,
            font_paths=[folder / FONTS],
            ignore_system_fonts=True,
            format="pdf",
            sys_inputs={"document": json.dumps(document, ensure_ascii=False, allow_nan=False)},
        )
    except RuntimeError as error:  # TypstError is one; a missing file is a plain one
        message = f"typst could not set the report: {error}"
        raise PdfError(message) from None
    return pdf

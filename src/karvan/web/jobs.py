"""What worker processes do: name a question, run it, search a route, compare, write documents."""

import gzip
import math
import sys
import traceback
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from karvan.case import Case, read_case
from karvan.case.results import read_results, write_bytes
from karvan.freight import itineraries
from karvan.freight.documents import to_document, to_rows
from karvan.freight.lines import drawing_of, to_geojson
from karvan.report.document import document_json, report_document
from karvan.report.html import report_page
from karvan.report.parts import LATER, first_part, later_part
from karvan.runs.compare import CellChange, compare
from karvan.runs.compare_scores import ScoreChange, compare_scores
from karvan.runs.compare_simulation import compare_simulation
from karvan.runs.execute import Event, run
from karvan.runs.simulation_tables import REPLICATIONS
from karvan.runs.stages import STAGES, Effort
from karvan.schema.write import rows_csv
from karvan.web.questions import CaseChangedError, resolve_question, run_id
from karvan.web.stored import part_file

Json = Any
Asked = Mapping[str, Any]
"""A question: scenario, measures, without, year."""
OF_THE_CASE = frozenset({"texts", "boundaries"})
"""Keys of a document that the description of the case has too."""
MOST_CELLS = 2000
"""Cells that a comparison keeps; the counts by table are always of all."""


class Desk:
    """Jobs by name, for one case and one results folder.

    Parameters
    ----------
    case_root, results : Path
    tell : callable
        Takes what happens in a run, as a mapping.
    replications : int
        Of the simulation of each run.
    """

    def __init__(
        self,
        case_root: Path,
        results: Path,
        tell: Callable[[Mapping[str, Any]], None],
        *,
        replications: int = REPLICATIONS,
    ) -> None:
        self._results = results
        self._tell = tell
        self._case = read_case(case_root)
        self._resolved = lru_cache(maxsize=32)(partial(resolve_question, self._case))
        self._effort = Effort(replications)
        self._ids = lru_cache(maxsize=32)(partial(run_id, effort=self._effort))

    def do(self, job: Mapping[str, Any]) -> Json:
        """Return the result of a job: ``{"do": name, "with": {...}}``."""
        jobs: Mapping[str, Callable[..., Json]] = {
            "question": self.question,
            "run": self.run,
            "route": self.route,
            "compare": self.compare,
            "document": self.document,
            "parts": self.parts,
            "report": self.report,
        }
        return jobs[job["do"]](**job["with"])

    def _case_of(self, asked: Asked) -> Case:
        return self._resolved(
            asked["scenario"], tuple(asked["measures"]), tuple(asked["without"]), asked["year"]
        )

    def question(self, asked: Asked) -> Json:
        """Name the run that answers a question, and say what is asked in full."""
        case = self._case_of(asked)
        return {
            "id": self._ids(case),
            "scenario": case.scenario,
            "year": case.year,
            "measures": list(case.applied),
            "stages": [{"name": stage.name, "title": stage.title} for stage in STAGES],
        }

    def run(self, id: str, asked: Asked, document: str) -> Json:
        """Run a question, tell how it goes, and put its document in parts beside the tables.

        What another run has finished with the same inputs is taken over: a measure costs only the
        stages that read what it changes.
        """
        case = self._case_of(asked)
        if self._ids(case) != id:
            message = "the case or the code has changed since the server started; restart it"
            raise CaseChangedError(message)
        results = run(
            case,
            self._results / id,
            effort=self._effort,
            others=self._results,
            tell=self._tell_event,
        )
        # A fault here must not spoil a finished run; whoever asks for the document meets it again.
        try:
            self.parts(id, document)
        except Exception:
            traceback.print_exc(file=sys.stderr)
        return {"warnings": len(results.manifest["warnings"])}

    def _tell_event(self, event: Event) -> None:
        self._tell(
            {
                "stage": event.stage.name,
                "kind": event.kind,
                "share": event.share,
                "seconds": event.seconds,
            }
        )

    def document(self, id: str, name: str) -> Json:
        """Write the document of a finished run, compressed, as the file `name` in its folder."""
        text = document_json(report_document(read_results(self._results / id)))
        # No time of day inside: the same document is the same bytes.
        write_bytes(self._results / id / name, gzip.compress(text.encode(), 6, mtime=0))
        return {"file": name}

    def parts(self, id: str, name: str) -> Json:
        """Write the parts of the document of a finished run, each compressed, in its folder.

        `name` is that of the whole document; see :func:`part_file`.  The first part is without
        texts and boundaries: those of the case are the same.
        """
        document = report_document(read_results(self._results / id))
        first = first_part(document)
        parts = {"first": {key: first[key] for key in first if key not in OF_THE_CASE}}
        parts |= {part: later_part(document, part) for part in LATER}
        for part, content in parts.items():
            packed = gzip.compress(document_json(content).encode(), 6, mtime=0)
            write_bytes(self._results / id / part_file(name, part), packed)
        return {"parts": list(parts)}

    def report(self, id: str, name: str) -> Json:
        """Write the single-file report of a finished run, compressed, as `name` in its folder."""
        made = report_page(read_results(self._results / id))
        write_bytes(self._results / id / name, gzip.compress(made.encode(), 6, mtime=0))
        return {"file": name}

    def route(self, asked: Asked, form: str, conditions: Mapping[str, Any]) -> Json:
        """Search itineraries; `form` is ``json``, ``csv``, or ``geojson`` for lines on a map."""
        case = self._case_of(asked)
        document = to_document(itineraries(case, **conditions))
        if form == "csv":
            return rows_csv(to_rows(document))
        return to_geojson(document, drawing_of(case)) if form == "geojson" else document

    def compare(self, before: str, after: str) -> Json:
        """Compare two finished runs."""
        old, new = (read_results(self._results / id) for id in (before, after))
        found = compare(old, new)
        return {
            "tables": [asdict(table) for table in found.tables],
            "pairs": [asdict(pair) for pair in found.pairs],
            "scores": [_score(change) for change in compare_scores(old, new)],
            "journeys": [asdict(change) for change in compare_simulation(old, new)],
            "total_cells": len(found.cells),
            "cells": [_cell(cell) for cell in found.cells[:MOST_CELLS]],
        }


def _score(change: ScoreChange) -> dict[str, Any]:
    return {
        "unit_id": change.unit_id,
        "element_id": change.element_id,
        "before": change.before["score"],
        "after": change.after["score"],
        "change_low": change.low,
        "change_high": change.high,
        "beyond_noise": change.beyond_noise,
        "parts": [asdict(part) for part in change.parts],
    }


def _cell(cell: CellChange) -> dict[str, Any]:
    numbers = isinstance(cell.before, int | float) and isinstance(cell.after, int | float)
    relative = cell.relative if numbers and math.isfinite(cell.relative) else None
    return {**asdict(cell), "key": list(cell.key), "relative": relative}

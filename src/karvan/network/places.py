"""Find a node by what people type: id, UN/LOCODE, or a name in any language."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping
from difflib import get_close_matches

import polars as pl

from karvan.errors import PlaceError
from karvan.schema import list_of

NAME_COLUMNS = ("name_en", "name_ru", "name_az", "name_zh", "name_local")
# Letters that Unicode does not decompose into a base letter and an accent.
PLAIN = str.maketrans({"ə": "e", "ı": "i", "ł": "l", "ø": "o", "đ": "d", "ß": "ss", "æ": "ae"})
MOST_SUGGESTIONS = 5
NO_FIT = 4


def place_key(text: str) -> str:
    """Return `text` without case, accents, blanks and punctuation: what is compared."""
    plain = unicodedata.normalize("NFKD", text.casefold()).translate(PLAIN)
    return "".join(c for c in plain if c.isalnum())


def _names(row: Mapping[str, str | None]) -> Iterable[str]:
    """Every form a node answers to, the strong ones (whole names) and parts of names alike."""
    for column in ("id", "locode", *NAME_COLUMNS):
        text = row[column]
        if not text:
            continue
        yield text
        # "Baku (Alat) port" also answers to "Baku port"; "Astara / آستارا" to either part.
        bare = re.sub(r"\s*\([^)]*\)", "", text)
        yield from (part for part in re.split(r"\s+/\s+", bare) if part.strip())
    yield from list_of(row["aliases"])


def place_index(nodes: pl.DataFrame) -> dict[str, tuple[str, ...]]:
    """Return node ids by comparison key; more than one id means the name is ambiguous."""
    index: dict[str, dict[str, None]] = defaultdict(dict)
    for row in nodes.iter_rows(named=True):
        for name in _names(row):
            key = place_key(name)
            if key:
                index[key][row["id"]] = None
    exact = set(nodes["id"])
    # An id beats a name: typing the id of one node never is ambiguous.
    ids = {place_key(i): (i,) for i in exact}
    return {key: ids.get(key, tuple(found)) for key, found in index.items()}


def suggest_places(
    nodes: pl.DataFrame, text: str, weights: Mapping[str, tuple[bool, int]]
) -> list[str]:
    """Return ids of the nodes that `text` may mean while it is being typed, the likeliest first.

    Whole names come first, then names that begin with the text, then those with a word that does,
    then those that hold it; among equals what matters more to cargo, then the order of the case.
    `weights` are those of :func:`karvan.network.calls.node_weights`.
    """
    wanted = place_key(text)
    if not wanted:
        return [] if text.strip() else nodes["id"].to_list()
    found = []
    for n, row in enumerate(nodes.iter_rows(named=True)):
        fit = min((_fit(name, wanted) for name in _names(row)), default=NO_FIT)
        if fit < NO_FIT:
            equipped, calls = weights.get(row["id"], (False, 0))
            found.append((fit, not equipped, -calls, n, row["id"]))
    return [node for *_, node in sorted(found)]


def _fit(name: str, wanted: str) -> int:
    """How well a name fits: 0 the same, 1 it begins so, 2 a word of it does, 3 it holds it."""
    key = place_key(name)
    if key == wanted:
        return 0
    if key.startswith(wanted):
        return 1
    words = re.findall(r"\w+", name)
    if any(place_key("".join(words[n:])).startswith(wanted) for n in range(1, len(words))):
        return 2
    return 3 if wanted in key else NO_FIT


def resolve_place(nodes: pl.DataFrame, text: str) -> str:
    """Return the id of the node that `text` names.

    Raises
    ------
    PlaceError
        Nothing of that name (with the nearest names), or several (with their ids).
    """
    if text in nodes["id"]:
        return text
    index = place_index(nodes)
    found = index.get(place_key(text), ())
    if len(found) == 1:
        return found[0]
    if found:
        message = f"'{text}' fits several places: {', '.join(found)}; give the id"
        raise PlaceError(message)
    message = f"no place '{text}' in this case; {_nearest(nodes, index, text)}"
    raise PlaceError(message)


def _nearest(nodes: pl.DataFrame, index: Mapping[str, tuple[str, ...]], text: str) -> str:
    close = get_close_matches(place_key(text), index, n=3 * MOST_SUGGESTIONS, cutoff=0.6)
    ids = list(dict.fromkeys(i for key in close for i in index[key]))[:MOST_SUGGESTIONS]
    if not ids:
        return "'karvan places' lists them all"
    names = dict(zip(nodes["id"], nodes["name_en"], strict=True))
    return "nearest: " + ", ".join(f"{names[i]} ({i})" for i in ids)

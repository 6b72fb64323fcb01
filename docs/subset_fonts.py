"""Cut the fonts of the PDF report out of Debian's packages."""

import sys
from contextlib import suppress
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

NOTO = Path("/usr/share/fonts/truetype/noto")
CJK = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
SIMPLIFIED = 2  # place of "Noto Sans CJK SC" in the collection


def ranges(text: str) -> set[int]:
    """Return the code points of ranges written in hexadecimal."""
    found = set()
    for part in text.split():
        first, _, last = part.partition("-")
        found |= set(range(int(first, 16), int(last or first, 16) + 1))
    return found


# Latin with its extensions, combining accents, Greek, Cyrillic, Vietnamese and phonetic letters,
# punctuation, raised and lowered figures, currencies, letterlike signs, fractions, arrows, signs.
LATIN = ranges(
    "0020-007E 00A0-024F 0250-02AF 02B0-02FF 0300-036F 0370-03FF 0400-052F 1E00-1EFF "
    "2000-206F 2070-209F 20A0-20BF 2100-214F 2150-218F 2190-2193 2196-2199 2200-22FF 25A0-25FF"
)

# GB 2312: rows 1 and 3 are signs and full-width forms, rows 16 to 87 hanzi of levels 1 and 2.
GB2312 = set()
for row in (1, 3, *range(16, 88)):
    for cell in range(1, 95):
        with suppress(UnicodeDecodeError):  # a cell without a sign
            GB2312.add(ord(bytes((0xA0 + row, 0xA0 + cell)).decode("gb2312")))
CHINESE = GB2312 | ranges(
    "3000-3003 3005-3017 2014-2015 2018-2019 201C-201D 2025-2026 00B7 30FB FF01-FF5E FFE0-FFE5"
)


def cut(source: Path, target: Path, signs: set[int], number: int = -1) -> None:
    """Write the part of a font that holds `signs`."""
    options = subset.Options(
        layout_features=["ccmp", "kern", "locl", "mark", "mkmk"],
        name_IDs=[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 14, 16, 17],
        notdef_outline=True,
        hinting=False,
        desubroutinize=False,
    )
    font = TTFont(source, fontNumber=number, recalcTimestamp=False)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=signs)
    cutter.subset(font)
    font.save(target)


out = Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)
cut(NOTO / "NotoSans-Regular.ttf", out / "NotoSans-Regular.ttf", LATIN)
cut(NOTO / "NotoSans-Bold.ttf", out / "NotoSans-Bold.ttf", LATIN)
cut(CJK, out / "NotoSansCJKsc-Regular.otf", CHINESE, SIMPLIFIED)

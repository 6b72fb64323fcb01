"""What ``case.toml``, ``measures/*.toml`` and ``scenarios/*.toml`` may say.

The models refuse unknown keys, so a misspelt one is named instead of ignored.
"""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

CASE_FORMAT = 1
"""Version of the folder format; raised when an older case needs changes to be read."""

LANGUAGES = ("en", "ru", "az", "zh")
Pillar = Literal["policy", "facilities", "trade", "finance", "people"]
Status = Literal["reported", "derived", "assumed", "calibrated"]
Scalar = str | int | float | bool
Action = Literal["set", "scale", "add", "insert", "remove"]
KEYS_OF_ACTIONS: Mapping[Action, frozenset[str]] = {
    "set": frozenset({"where", "column", "value"}),
    "scale": frozenset({"where", "column", "value"}),
    "add": frozenset({"where", "column", "value"}),
    "insert": frozenset({"row"}),
    "remove": frozenset({"where"}),
}
FOREIGN_KEY = "foreign_key"
"""Type of the error for a key that the action of a change does not read."""
Year = Annotated[int, Field(ge=1000, le=2200)]


class Strict(BaseModel):
    """A model that is frozen and refuses keys it does not know, other types, NaN and infinity."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Text(Strict):
    """A text in the four languages; English is the fallback."""

    en: str
    ru: str = ""
    az: str = ""
    zh: str = ""

    def in_language(self, language: str) -> str:
        """Return the text in `language`, in English where it is missing."""
        return str(getattr(self, language, "")) or self.en


class Change(Strict):
    """One change of one table.

    ``set`` puts `value` into `column` of the rows that `where` selects, ``scale`` multiplies by
    it, ``add`` adds it; ``insert`` appends `row`; ``remove`` drops the selected rows.
    """

    # NaN is refused where the change is applied, by the name of table and column.
    model_config = ConfigDict(allow_inf_nan=True)

    table: str
    action: Action
    where: dict[str, Scalar | list[Scalar]] = {}
    column: str = ""
    value: Scalar | None = None
    row: dict[str, Scalar] = {}
    status: Status
    source_id: str = ""
    reason: str = ""

    @model_validator(mode="after")
    def _only_keys_of_the_action(self) -> Self:
        own = KEYS_OF_ACTIONS[self.action]
        others = frozenset().union(*KEYS_OF_ACTIONS.values()) - own
        for key in sorted(others):
            if getattr(self, key) != type(self).model_fields[key].default:
                expected = f"{', '.join(sorted(own))} for '{self.action}'"
                raise PydanticCustomError(FOREIGN_KEY, expected, {"key": key})
        return self

    @property
    def named_ids(self) -> tuple[str, ...]:
        """The ids of the rows that it selects by name."""
        named = self.where.get("id", [])
        return tuple(str(name) for name in (named if isinstance(named, list) else [named]))


class Measure(Strict):
    """A cooperation measure: what changes, from when, at what cost, by whose authority."""

    id: str
    pillar: Pillar
    title: Text
    summary: Text | None = None
    tags: list[Literal["digital", "green"]] = []
    state: Literal["done", "under_construction", "committed", "planned", "proposed"]
    from_year: Year
    authority: str
    cost_musd: float | None = Field(default=None, ge=0)
    cost_low_musd: float | None = Field(default=None, ge=0)
    cost_high_musd: float | None = Field(default=None, ge=0)
    cost_source_id: str = ""
    source_id: str
    confidence: Literal["high", "medium", "low", "inferred"]
    note: str = ""
    pending: str = ""
    changes: list[Change] = []


class Scenario(Strict):
    """A year, the measures taken, and overrides that come after them."""

    id: str
    year: Year
    title: Text
    summary: Text | None = None
    measures: list[str] = []
    overrides: list[Change] = []
    note: str = ""


class CheckSettings(Strict):
    """Checks by their stable names: warnings made errors, and warnings not shown."""

    strict: list[str] = []
    quiet: list[str] = []


class ChoiceSettings(Strict):
    """What the assignment takes where the tables of a case say nothing; both are assumed.

    Attributes
    ----------
    scale_per_usd : float
        Logit scale [1/USD] of commodities without one of their own: with 0.004, routes that differ
        by USD 250 per TEU divide 73 to 27.
    unserved_cost_factor : float
        Cargo stays away where prices lift its cost to that many times that of its cheapest path.
        It keeps the problem solvable; nothing is known about when cargo gives up.
    """

    scale_per_usd: float = Field(default=0.004, gt=0)
    unserved_cost_factor: float = Field(default=2.0, gt=1)


class SimulationSettings(Strict):
    """What the simulation takes where nothing else is said; all are assumed.

    Attributes
    ----------
    warmup_days : int
        Days before the year that fill the corridor and are not counted; at most ten years.
    least_teu_per_year : float
        Itineraries with less are left out, and the run says how much that is.
    lot_teu : float
        Containers that move as one, a forty-foot box [TEU].
    lot_t : float
        Loose cargo that moves as one, a wagon [t].
    track_occupancy : float
        Share of the time that trains take of a section at its declared capacity; UIC code 406
        recommends at most 75 % in the peak hour of mixed traffic (leaflet not opened).
    empty_return_h : float
        On the side with less cargo a ship or wagon set leaves within so long, also empty [h]; how
        long ships wait there was not found, cargo on the other side waits for them.
    shiploads_at_quay : int
        Boxes of so many ships may stand in front of one; the rest keeps its slot in the yard.  Two,
        so that boxes for the next ship are there when one leaves.
    movement_days : int
        Days of one replication whose movements are kept for the animation.
    """

    warmup_days: int = Field(default=60, ge=0, le=3660)
    least_teu_per_year: float = Field(default=50.0, ge=0)
    lot_teu: float = Field(default=2.0, gt=0)
    lot_t: float = Field(default=60.0, gt=0)
    track_occupancy: float = Field(default=0.75, gt=0, le=1)
    empty_return_h: float = Field(default=6.0, gt=0)
    shiploads_at_quay: int = Field(default=2, ge=1)
    movement_days: int = Field(default=60, ge=1, le=365)


class Settings(Strict):
    """``case.toml``."""

    format: int
    name: str
    title: Text
    base_year: Year
    currency_year: Year
    commodity: str
    scenario: str = ""
    customs_unions: list[list[str]] = []
    checks: CheckSettings = CheckSettings()
    choice: ChoiceSettings = ChoiceSettings()
    simulation: SimulationSettings = SimulationSettings()

    def in_customs_union(self, country: str, other: str) -> bool:
        """Tell whether goods pass between the two countries without a customs border."""
        return country == other or any(country in u and other in u for u in self.customs_unions)

"""What forms are made of: fields, and what groups them. A form is described once; reading, showing and complaining
follow its description.

Names are those of the body that the form states, with dots: the field `contributions.0.effective_on` states what the
JSON pointer `/contributions/0/effective_on` points to. Labels and hints are messages of the catalogues.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from api.languages.texts import message


class Kind(StrEnum):
    """How a field is filled in."""

    LINE = "line"
    TEXT = "text"
    DAY = "day"
    NUMBER = "number"
    RATE = "rate"
    URL = "url"
    CHOICE = "choice"
    RADIO = "radio"
    CHOICES = "choices"
    COUNTRIES = "countries"
    ORGANISATION = "organisation"


FOR_EVER = message("Everybody can read this once the pledge is admitted; it is kept for ever.")
FOR_THE_PARTIES = message("The parties to the pledge, BDT and auditors can read this; it is kept for ever.")
"""What a field with words of one's own says besides its hint: who can read them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One thing to fill in.

    `options` names the list that is chosen from; `until_today` and `since_announcement` bound a day; `preset` fields
    are filled in beforehand, and say nothing by themselves; `numeric` codes are numbers; `readers`
    says who can read what is written in words.
    """

    name: str
    label: str
    hint: str = ""
    kind: Kind = Kind.LINE
    needed: bool = False
    options: str = ""
    longest: int | None = None
    until_today: bool = False
    since_announcement: bool = False
    preset: bool = False
    numeric: bool = False
    readers: str = FOR_EVER

    @property
    def takes_many(self) -> bool:
        """Whether several values can be chosen."""
        return self.kind in (Kind.CHOICES, Kind.COUNTRIES)


@dataclass(frozen=True, slots=True, kw_only=True)
class AmountField:
    """An amount of money or a count: which of them it is, a currency or the target says.

    It is stated under `name`, or where it is a count under `counted`.
    """

    name: str
    counted: str
    label: str
    hint: str
    currency_hint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Parts that belong together; with a name, they state one object of the body. `folded` ones open on demand."""

    label: str
    parts: tuple[Part, ...]
    name: str = ""
    hint: str = ""
    folded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """The same parts again and again; an empty row states nothing. `blank` empty ones are there to begin with."""

    name: str
    label: str
    one: str
    add: str
    parts: tuple[Part, ...]
    hint: str = ""
    blank: int = 1
    most: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetChanges:
    """A new value for each target of the pledge, beside the present one; an empty one changes nothing."""

    label: str
    hint: str
    name: str = "targets"


Part = Field | AmountField | Section | Rows | TargetChanges

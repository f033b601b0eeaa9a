"""What an import would do, and what it has done: plain values, for people and programs to read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from enum import StrEnum

from application.register_import.differences import Finding
from application.register_import.pairing import KeyCounts
from application.register_import.promises import Firmness
from application.register_import.record import Key
from application.register_import.sheet import Fault


class Missing(StrEnum):
    """What to do with pledges whose lines are not in the file any more."""

    REPORT = "report"
    WITHDRAW = "withdraw"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """What the person who runs the import decides."""

    missing: Missing = Missing.REPORT
    keep_good_rows: bool = False
    as_new: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why nothing is written, and what to do."""

    kind: str
    message: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What happens to one pledge: the names of its facts, in order, and each of them in a sentence.

    `known` tells whether the register had the pledge before.
    """

    line: int | None
    reference: str
    title: str
    facts: tuple[str, ...]
    sentences: tuple[str, ...]
    known: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """The money of the file's good lines in one currency and firmness, and what the register holds for them."""

    currency: str
    firmness: Firmness
    lines: int
    file: Decimal
    register: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """How much of the difference to what the register held before has one cause."""

    cause: str
    currency: str
    pledges: int
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """The register's money in one currency before, the file's now; the causes sum to the difference exactly."""

    currency: str
    before: Decimal
    file: Decimal
    causes: tuple[Cause, ...]

    @property
    def difference(self) -> Decimal:
        """By how much the file differs from what the register held."""
        return self.file - self.before


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """A pledge whose line is not in the file any more."""

    reference: str
    title: str
    amounts: tuple[tuple[str, Decimal], ...]
    withdrawn: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Near:
    """A line that is new, beside the known line that is most like it, and the columns in which they differ."""

    line: int
    key: Key
    known: Key
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Strangeness:
    """How the file's match columns differ from the register's: values never seen before, and the nearest lines."""

    new_values: Mapping[str, Mapping[str, int]]
    nearest: tuple[Near, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """How many of what.

    `validated` counts every admission, `became_validated` those of pledges that were only announced before. `gone`
    counts pledges whose lines are missing, whether they are withdrawn or not.
    """

    lines: int = 0
    good: int = 0
    bad: int = 0
    pledges_announced: int = 0
    validated: int = 0
    became_validated: int = 0
    declined: int = 0
    scaled_up: int = 0
    scaled_down: int = 0
    contributions: int = 0
    withdrawn: int = 0
    unchanged: int = 0
    organisations_registered: int = 0
    amount_not_stated: int = 0
    repeated_lines: int = 0
    returned: int = 0
    gone: int = 0
    events: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything an import would do. Nothing of it is written yet."""

    register: str
    file_name: str
    exported_on: date
    summary: Summary
    firmness_as_written: Mapping[str, Mapping[Firmness, int]] = field(default_factory=dict)
    unused_columns: tuple[str, ...] = ()
    keys: KeyCounts | None = None
    strangeness: Strangeness | None = None
    changes: tuple[Change, ...] = ()
    gone: tuple[Gone, ...] = ()
    returned: tuple[int, ...] = ()
    faults: tuple[Fault, ...] = ()
    findings: tuple[Finding, ...] = ()
    totals: tuple[Total, ...] = ()
    movements: tuple[Movement, ...] = ()
    refusals: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The plan, and where its facts stand in the ledger: first and last position, none where nothing was written."""

    plan: Plan
    first_position: int | None = None
    last_position: int | None = None

    @property
    def written(self) -> bool:
        """Whether anything was recorded."""
        return self.last_position is not None

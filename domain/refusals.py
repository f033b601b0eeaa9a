"""Why a command was refused: one class for each condition, named after it.

A refusal is an answer, not a failure: nothing was recorded, and the message says what is wrong and what to
do. The HTTP status of each is decided in one table at the edge (`api.http.problems`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date


class Refused(Exception):
    """The command was refused; nothing was recorded.

    `message` says what is wrong, `remedy` what to do about it, `field` which part of the command it is about
    (a path such as `targets.0.value`), if one can be named.
    """

    def __init__(self, message: str, *, remedy: str, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy
        self.field = field


# What does not exist, or exists already.


class UnknownPledge(Refused):
    """No pledge has this reference."""

    def __init__(self, reference: str, *, field: str | None = None) -> None:
        super().__init__(
            f"There is no pledge {reference}.",
            remedy="Check the reference; `GET /v1/pledges` lists the pledges.",
            field=field,
        )


class AlreadyAnnounced(Refused):
    """The reference belongs to a pledge that was announced before."""

    def __init__(self, reference: str) -> None:
        super().__init__(
            f"The pledge {reference} has been announced already.",
            remedy="Use another reference, or amend the pledge that has it.",
            field="reference",
        )


class UnknownOrganisation(Refused):
    """No organisation has this id."""

    def __init__(self, organisation: str, *, field: str | None = None) -> None:
        super().__init__(
            f"There is no organisation {organisation}.",
            remedy="Register the organisation first; `GET /v1/organisations` lists those known.",
            field=field,
        )


class UnknownSnapshot(Refused):
    """No published snapshot has this id."""

    def __init__(self, snapshot: str) -> None:
        super().__init__(
            f"There is no published snapshot {snapshot}.",
            remedy="Check the id; `GET /v1/snapshots` lists the published snapshots.",
        )


class OrganisationInactive(Refused):
    """The organisation has been deactivated and takes on nothing new."""

    def __init__(self, name: str, *, field: str | None = None) -> None:
        super().__init__(
            f"{name} has been deactivated.", remedy="Let an active organisation lead the pledge.", field=field
        )


class AlreadyRegistered(Refused):
    """The organisation exists already."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} has been registered already.", remedy="Use the organisation that exists.")


class NameUnchanged(Refused):
    """A renaming to the name the organisation has."""

    def __init__(self, name: str) -> None:
        super().__init__(f"The organisation is called {name} already.", remedy="Give the new name.", field="name")


class UnknownTarget(Refused):
    """The pledge has no target with this id."""

    def __init__(self, target: str, known: Sequence[str], *, field: str | None = None) -> None:
        listed = ", ".join(known) if known else "none"
        super().__init__(f"The pledge has no target {target}.", remedy=f"Its targets are: {listed}.", field=field)


class UnknownContribution(Refused):
    """The pledge has no contribution with this id."""

    def __init__(self, contribution: str) -> None:
        super().__init__(
            f"The pledge has no contribution {contribution}.",
            remedy="The pledge's history lists its contributions with their ids.",
        )


class ContributionAlreadyRecorded(Refused):
    """The contribution id was used before in this pledge."""

    def __init__(self, contribution: str, *, field: str | None = None) -> None:
        super().__init__(
            f"The pledge has a contribution {contribution} already.",
            remedy="Leave the id out to be given one, use a new one, or correct the contribution that has it.",
            field=field,
        )


# What is said wrongly.


class UnknownCodes(Refused):
    """Codes outside the vocabulary; all of them are named at once, by field."""

    def __init__(self, codes: Mapping[str, Sequence[str]]) -> None:
        self.codes = {field: tuple(unknown) for field, unknown in codes.items()}
        listed = "; ".join(f"{field}: {', '.join(unknown)}" for field, unknown in self.codes.items())
        super().__init__(
            f"Unknown codes: {listed}.",
            remedy="`GET /v1/vocabulary` lists every code with its meaning.",
            field=next(iter(self.codes), None),
        )


class PillarOutsideFocusArea(Refused):
    """A pillar that belongs to another focus area than the pledge's."""

    def __init__(self, pillar: str, focus_area: str) -> None:
        super().__init__(
            f"The pillar {pillar} does not belong to the focus area {focus_area}.",
            remedy="Choose pillars of the pledge's focus area; `GET /v1/vocabulary` shows which are.",
            field="pillars",
        )


class UnacceptableText(Refused):
    """Text that cannot be kept for ever: blank where it is needed, too long, or with control characters."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"The text of {field} {reason}.", remedy="Put the text right.", field=field)


class UnacceptableAmount(Refused):
    """An amount that is not a plain decimal within bounds, or finer than its currency's smallest unit."""

    def __init__(self, amount: str, reason: str, *, field: str | None = None) -> None:
        super().__init__(
            f"The amount {amount} {reason}.", remedy="Give a plain decimal such as 1250000.00.", field=field
        )


class NotPositive(Refused):
    """An amount that is zero or less."""

    def __init__(self, amount: str, *, field: str | None = None) -> None:
        super().__init__(f"The amount {amount} is not above zero.", remedy="Give a positive amount.", field=field)


class ExchangeRateMissing(Refused):
    """Neither the command nor the published table says what the currency is worth in US dollars."""

    def __init__(self, currency: str, on: date, *, field: str | None = None) -> None:
        super().__init__(
            f"No US dollar rate is known for {currency} in {on:%Y-%m}.",
            remedy="Give `usd_rate` with the amount, or ask BDT to publish the rate of that month.",
            field=field,
        )


class MeasureMismatch(Refused):
    """Money for a target counted in something else, a quantity for a money target, or another currency."""

    def __init__(self, target: str, wanted: str, *, field: str | None = None) -> None:
        super().__init__(f"The target {target} is measured in {wanted}.", remedy=f"State it in {wanted}.", field=field)


class EndBeforeStart(Refused):
    """A period that ends before it begins."""

    def __init__(self, start: date, end: date, *, field: str | None = None) -> None:
        super().__init__(f"The end {end} is before the start {start}.", remedy="Put the dates right.", field=field)


class DateInFuture(Refused):
    """Something said to have happened that cannot have happened yet (days are counted in UTC)."""

    def __init__(self, on: date, today: date, *, field: str | None = None) -> None:
        super().__init__(
            f"The date {on} is in the future; today is {today} (UTC).",
            remedy="Record it when it has happened.",
            field=field,
        )


class BeforeAnnouncement(Refused):
    """Something dated before the pledge was announced."""

    def __init__(self, on: date, announced_on: date, *, field: str | None = None) -> None:
        super().__init__(
            f"The date {on} is before the pledge was announced on {announced_on}.",
            remedy="What was delivered before the announcement does not count towards the pledge.",
            field=field,
        )


class PeriodOverlaps(Refused):
    """A report for a period that another report of the pledge covers in part."""

    def __init__(self, start: date, end: date) -> None:
        super().__init__(
            f"A report for {start} to {end} exists and overlaps.",
            remedy="Report for the days after it.",
            field="period_start",
        )


class DuplicateTargets(Refused):
    """Two targets with one id."""

    def __init__(self, target: str, *, field: str | None = "targets") -> None:
        super().__init__(f"The target id {target} is used twice.", remedy="Give each target its own id.", field=field)


class DuplicatePartners(Refused):
    """One organisation named twice among the partners."""

    def __init__(self, organisation: str) -> None:
        super().__init__(
            f"The organisation {organisation} is named twice.",
            remedy="Name each partner once.",
            field="partners",
        )


class SharesDoNotSum(Refused):
    """Shares that do not make exactly one whole, the lead's own share included."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The shares do not sum to 1: {reason}.",
            remedy="Give every partner a share, or none; the lead has what is left unless it is listed too.",
            field="partners",
        )


class TooLarge(Refused):
    """The event would not fit the 65,535 bytes a ledger entry may have."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(
            f"What is to be recorded takes {size} bytes, more than the {limit} of a ledger entry.",
            remedy="Shorten the texts; link long documents as evidence.",
        )


class ContradictoryRegion(Refused):
    """A region that is not the one the ITU puts the country in."""

    def __init__(self, country: str, region: str) -> None:
        super().__init__(
            f"{country} belongs to the ITU region {region}.",
            remedy="Leave the region out: it follows from the country.",
            field="region",
        )


# What the pledge's life does not allow (any more).


class AlreadyDecided(Refused):
    """BDT admitted or declined the pledge before."""

    def __init__(self, decision: str) -> None:
        super().__init__(f"The pledge has been {decision} already.", remedy="A decision is made once.")


class AlreadyFulfilled(Refused):
    """The pledge was stated to be kept."""

    def __init__(self) -> None:
        super().__init__(
            "The pledge has been fulfilled already.",
            remedy="Correct a contribution if its record is wrong; that may reopen the pledge.",
        )


class PledgeClosed(Refused):
    """The pledge was fulfilled, withdrawn or declined, and takes no such command any more."""

    def __init__(self, lifecycle: str) -> None:
        super().__init__(f"The pledge is {lifecycle}.", remedy="Only corrections and amendments are possible now.")


class NothingRises(Refused):
    """A scaling up that raises nothing."""

    def __init__(self, what: str, *, field: str | None = None) -> None:
        super().__init__(
            f"Nothing rises: {what}.",
            remedy="Give a higher value, a new target, another country or a later end.",
            field=field,
        )


class NothingFalls(Refused):
    """A scaling down that lowers nothing."""

    def __init__(self, what: str, *, field: str | None = None) -> None:
        super().__init__(f"Nothing falls: {what}.", remedy="Give each target its new, lower value.", field=field)


class BelowDelivered(Refused):
    """A target lowered under what has been delivered towards it."""

    def __init__(self, target: str, value: str, delivered: str) -> None:
        super().__init__(
            f"The target {target} cannot fall to {value}: {delivered} have been delivered.",
            remedy="Lower it no further than what is delivered, or correct the contributions first.",
            field="targets",
        )


class TargetsNotMet(Refused):
    """A fulfilment stated before every target was reached."""

    def __init__(self, missing: Mapping[str, str]) -> None:
        self.missing = dict(missing)
        listed = "; ".join(f"{target}: {gap}" for target, gap in self.missing.items())
        super().__init__(
            f"Not every target is met: {listed}.",
            remedy="Add the last contributions to the fulfilment, or scale the pledge down with a reason.",
        )


class AlreadyCorrected(Refused):
    """The contribution was taken back or replaced before."""

    def __init__(self, contribution: str) -> None:
        super().__init__(
            f"The contribution {contribution} has been corrected already.",
            remedy="Correct the contribution that replaced it, or record a new one.",
        )


class AlreadyVerified(Refused):
    """BDT checked the contribution's evidence before."""

    def __init__(self, contribution: str) -> None:
        super().__init__(f"The contribution {contribution} has been verified already.", remedy="Nothing is left to do.")


class NothingAmended(Refused):
    """An amendment that changes nothing."""

    def __init__(self) -> None:
        super().__init__(
            "The amendment changes nothing.",
            remedy="Give the fields that are wrong, with their right values.",
        )


class SupersedesItself(Refused):
    """A pledge withdrawn in favour of itself."""

    def __init__(self) -> None:
        super().__init__(
            "A pledge cannot be superseded by itself.",
            remedy="Name the pledge that takes its place, or leave it out.",
            field="superseded_by",
        )


class OrganisationDeactivated(Refused):
    """The organisation was deactivated before and can neither be renamed nor deactivated."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} has been deactivated.", remedy="Nothing about it can change any more.")


class NothingDelivered(Refused):
    """A record of deliveries without any."""

    def __init__(self) -> None:
        super().__init__("No contribution is given.", remedy="Give at least one contribution.", field="contributions")

"""What is wrong with a form, in the visitor's language, each complaint at the field that it is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from api.http.failures import explained
from api.http.statements import TAGS
from api.languages.texts import message
from api.web.recording.documents import Reading
from domain import refusals as no
from domain.refusals import Refused


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong with a field, by its name in the form; with the form as a whole, where the name is empty.

    `text` is a message of the catalogues; `detail` is what the register says besides, with the figures, in English.
    """

    field: str
    text: str
    detail: str = ""


NEEDED = message("This is needed.")

_INVALID: Mapping[str, str] = MappingProxyType(
    {
        "missing": NEEDED,
        "amount_not_plain": message("Write the amount as a plain number such as 1250000.00."),
        "not_a_day": message("Give a day such as 2026-11-23."),
        "date_from_datetime_parsing": message("There is no such day."),
        "date_parsing": message("There is no such day."),
        "enum": message("Choose one of the list."),
        "unknown_code": message("Choose one of the list."),
        "unacceptable_text": message("This text cannot be kept as it is."),
        "one_of_two": message("Say how much was delivered."),
        "uuid_parsing": message("Choose one of the list."),
    }
)
_OTHERWISE = message("This cannot be read as it is.")
_WITH_DETAIL = frozenset({"unacceptable_text"})

_REFUSED: Mapping[type[Refused], str] = MappingProxyType(
    {
        no.AlreadyCorrected: message("This contribution was corrected before. Correct the one that replaced it."),
        no.AlreadyDecided: message("BDT has decided on this pledge before, and a decision is made once."),
        no.AlreadyFulfilled: message("It was stated before that the pledge is kept."),
        no.AlreadyVerified: message("This contribution was verified before; nothing is left to do."),
        no.BeforeAnnouncement: message("This is before the pledge was announced, and so does not count towards it."),
        no.BelowDelivered: message(
            "A target cannot fall below what has been delivered. Correct the contributions first, if they are wrong."
        ),
        no.ContributionAlreadyRecorded: message("A contribution with this id was recorded before."),
        no.DateInFuture: message("This day is still to come. Record it when it has happened."),
        no.DuplicatePartners: message("An organisation is named twice. Name each partner once, and not yourself."),
        no.DuplicateTargets: message("Two targets have the same id."),
        no.EndBeforeStart: message("The end is before the beginning."),
        no.ExchangeRateMissing: message(
            "No rate is known for this currency and month. Give the exchange rate, or ask BDT to publish it."
        ),
        no.MeasureMismatch: message(
            "The target is measured in something else. Give money with its currency for a target of money, and a"
            " number without a currency for any other."
        ),
        no.NotPositive: message("The amount must be above zero."),
        no.NothingAmended: message("Nothing differs from what is recorded. Change what is wrong."),
        no.NothingDelivered: message("Give at least one contribution."),
        no.NothingFalls: message("Nothing falls. Give at least one target its new, lower value."),
        no.NothingRises: message("Nothing rises. Give a higher value, a new target, another country or a later end."),
        no.OrganisationInactive: message("This organisation was deactivated, and takes on nothing new."),
        no.PeriodOverlaps: message("Another report covers a part of this period. Report on the days after it."),
        no.PillarOutsideFocusArea: message(
            "A pillar belongs to another focus area. Choose pillars of the one you chose."
        ),
        no.PledgeClosed: message("The pledge is closed: only corrections and amendments are possible."),
        no.SharesDoNotSum: message("The shares do not make one whole. Give every partner a share, or none."),
        no.SupersedesItself: message("A pledge cannot be superseded by itself."),
        no.TargetsNotMet: message(
            "Not every target is met. Add the last contributions, or scale the pledge down first."
        ),
        no.TooLarge: message("All texts together are longer than one record can be. Link long documents as evidence."),
        no.UnacceptableAmount: message("This amount cannot be recorded."),
        no.UnacceptableText: message("This text cannot be kept as it is."),
        no.UnknownCodes: message("Choose one of the list."),
        no.UnknownContribution: message("The pledge has no such contribution."),
        no.UnknownOrganisation: message("No organisation has this id."),
        no.UnknownPledge: message("No pledge that you can see has this reference."),
        no.UnknownTarget: message("The pledge has no such target."),
    }
)
"""What is said of each refusal; what the domain says of it besides has the figures."""


def unread(reading: Reading) -> list[Complaint]:
    """What could not be read."""
    return [Complaint(field, text) for field, text in reading.complaints]


def invalid(fault: ValidationError, reading: Reading) -> list[Complaint]:
    """What the body does not allow, at fields that could be read."""
    unreadable = {field for field, _ in reading.complaints}
    return [c for error in fault.errors() if (c := _of_error(error, reading)).field not in unreadable]


def refused(refusal: Refused, reading: Reading) -> list[Complaint]:
    """What the domain refuses; a refusal of several fields is said at each of them."""
    return list(_of_refusal(refusal, reading))


def _of_error(error: ErrorDetails, reading: Reading) -> Complaint:
    kind = error["type"]
    field = reading.field_at(step for step in error["loc"] if step not in TAGS)
    return Complaint(field, _INVALID.get(kind, _OTHERWISE), error["msg"] if _has_detail(kind) else "")


def _has_detail(kind: str) -> bool:
    return kind in _WITH_DETAIL or kind not in _INVALID


def _of_refusal(refusal: Refused, reading: Reading) -> Iterator[Complaint]:
    text = _REFUSED.get(type(refusal), _OTHERWISE)
    failure = explained(refusal)
    places = [(_steps(error.field), error.detail) for error in failure.errors] if failure else []
    for steps, detail in places or [((), refusal.message)]:
        yield Complaint(reading.field_at(steps), text, detail)


def _steps(pointer: str) -> Sequence[str]:
    return pointer.split("/")[1:]

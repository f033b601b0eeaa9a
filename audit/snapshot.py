"""The point-in-time status snapshot: every admitted pledge as it stood at a moment, and the totals.

Made from the pledges' statuses alone, without a database, so that an auditor can make a published one again from the
facts and compare the bytes. They are canonical JSON; the digest is the SHA-256 of the document without it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from tempfile import SpooledTemporaryFile
from typing import IO, Any
from uuid import UUID

from audit.canonical import canonical
from audit.envelope import format_instant
from audit.signed_note import in_base64
from domain import geography
from domain.dimensions import Attribution, Dimension, keys
from domain.events import SnapshotIdentity
from domain.ladder import RUNGS, Ladder
from domain.organisation import Organisation
from domain.status import PledgeStatus
from domain.totals import Group, Total, Totals, rate, totals
from domain.vocabulary import Lifecycle, ReportingHealth

RULES_VERSION = 2
"""Raised when the rules by which facts are folded, totalled or classified change what an old moment's answer is."""

Document = dict[str, Any]

_SHELF_IN_MEMORY = 1 << 22
_BYTES_AT_ONCE = 1 << 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What a snapshot is of: the facts recorded up to `position`, at `recorded_at`, and true by `effective_on`.

    `root` is that of the Merkle tree of these entries, which has as many leaves as there are positions.
    `rules_version` names the rules by which facts become figures; `group_by` and `attribution` say how totals are
    divided.
    """

    position: int
    root: bytes
    recorded_at: datetime | None
    effective_on: date
    rules_version: int
    group_by: tuple[Dimension, ...] = ()
    attribution: Attribution = Attribution.FULL


def snapshot(
    selection: Selection, pledges: Iterable[PledgeStatus], organisations: Mapping[UUID, Organisation]
) -> Document:
    """The snapshot with its digest; the pledges come by reference, each as it stood at the moment.

    Pledges that were not admitted are counted beside the others, and not named.
    """
    known, on = list(pledges), selection.effective_on
    counted = totals(known, on, selection.group_by, selection.attribution)
    status = [status_document(pledge, organisations, on) for pledge in known if pledge.published]
    return sealed({**_headed(selection, counted), "pledges": status})


class Parts(Iterator[bytes]):
    """The bytes of a document, which wait in a file; whoever does not read all of them closes it."""

    def __init__(self, parts: Generator[bytes]) -> None:
        self._parts = parts
        self._first: bytes | None = next(parts)  # with which it has the file, and gives it up when it is closed

    def __next__(self) -> bytes:
        """The next part."""
        first, self._first = self._first, None
        return next(self._parts) if first is None else first

    def close(self) -> None:
        """Let go of the file; harmless where everything was read."""
        self._parts.close()


def snapshot_in_parts(
    selection: Selection, statuses: Iterable[PledgeStatus], organisations: Mapping[UUID, Organisation]
) -> tuple[str, Parts]:
    """The digest of the same snapshot, and its canonical bytes in parts, for registers that do not fit into memory.

    Totals and digest stand before the pledges that they are of: these wait in a temporary file.
    """
    shelf = SpooledTemporaryFile(max_size=_SHELF_IN_MEMORY)  # noqa: SIM115 - `_closing` does that
    try:
        told = _shelved(shelf, statuses, organisations, selection.effective_on)
        counted = totals(told, selection.effective_on, selection.group_by, selection.attribution)
        head = _headed(selection, counted)
        digest = hashlib.sha256()
        for part in _reading(shelf, *_around_pledges(head)):
            digest.update(part)
        named = f"sha256:{digest.hexdigest()}"
        return named, Parts(_closing(shelf, *_around_pledges({**head, "digest": named})))
    except BaseException:
        shelf.close()
        raise


def _shelved(
    shelf: IO[bytes], statuses: Iterable[PledgeStatus], organisations: Mapping[UUID, Organisation], on: date
) -> Iterator[PledgeStatus]:
    """The statuses as they come, while what is said of those that were admitted is put on the shelf."""
    separator = b""
    for pledge in statuses:
        if pledge.published:
            shelf.write(separator + canonical(status_document(pledge, organisations, on)))
            separator = b","
        yield pledge


def _around_pledges(document: Document) -> tuple[bytes, bytes]:
    """The canonical bytes of the document up to its first pledge, and those after its last one."""
    # No text has these bytes in it: the quotation marks in a text have a backslash before them.
    before, after = canonical({**document, "pledges": []}).split(b'"pledges":[]')
    return before + b'"pledges":[', b"]" + after


def _reading(shelf: IO[bytes], before: bytes, after: bytes) -> Iterator[bytes]:
    yield before
    shelf.seek(0)
    while part := shelf.read(_BYTES_AT_ONCE):
        yield part
    yield after


def _closing(shelf: IO[bytes], before: bytes, after: bytes) -> Generator[bytes]:
    with shelf:
        yield from _reading(shelf, before, after)


def totals_snapshot(selection: Selection, counted: Totals) -> Document:
    """The totals of a snapshot alone, with a digest of their own."""
    return sealed(_headed(selection, counted))


def _headed(selection: Selection, counted: Totals) -> Document:
    """Which moment it is, and the totals."""
    return {
        "position": selection.position,
        "tree_size": selection.position,
        "root": in_base64(selection.root),
        "as_of": format_instant(selection.recorded_at) if selection.recorded_at else None,
        "effective_on": selection.effective_on.isoformat(),
        "rules_version": selection.rules_version,
        "group_by": list(selection.group_by),
        "attribution": selection.attribution,
        "totals": total_document(counted.whole),
        "groups": [_group(selection.group_by, group) for group in counted.groups],
    }


def sealed(document: Document) -> Document:
    """The document with the digest of what it says."""
    return {**document, "digest": digest_of(document)}


def digest_of(document: Mapping[str, Any]) -> str:
    """`sha256:` and 64 hexadecimal digits, of the canonical bytes of the document without its `digest`."""
    unsealed = {name: value for name, value in document.items() if name != "digest"}
    return f"sha256:{hashlib.sha256(canonical(unsealed)).hexdigest()}"


def identity_of(document: Mapping[str, Any]) -> SnapshotIdentity:
    """What a snapshot is of, and its digest: all that is needed to take it again and compare."""
    return SnapshotIdentity(
        position=document["position"],
        effective_on=date.fromisoformat(document["effective_on"]),
        rules_version=document["rules_version"],
        digest=document["digest"],
        group_by=tuple(str(dimension) for dimension in document["group_by"]),
        attribution=str(document["attribution"]),
    )


def identified(selection: Selection, digest: str) -> SnapshotIdentity:
    """The same of a snapshot of which only the digest is at hand."""
    return SnapshotIdentity(
        position=selection.position,
        effective_on=selection.effective_on,
        rules_version=selection.rules_version,
        digest=digest,
        group_by=tuple(str(dimension) for dimension in selection.group_by),
        attribution=str(selection.attribution),
    )


def total_document(total: Total) -> Document:
    """Totals as documents tell them: dollars as text, every code with its number, a rate with what it is of."""
    return {
        "pledges": total.pledges,
        "organisations": total.organisations,
        "countries": total.countries,
        **ladder_document(total.ladder),
        "lifecycle": {code: total.lifecycle.get(code, 0) for code in Lifecycle},
        "reporting": {code: total.reporting.get(code, 0) for code in ReportingHealth},
        "reported": total.reported,
        "response_rate": _text(total.response_rate),
    }


def ladder_document(ladder: Ladder) -> dict[str, str]:
    """US dollars on each rung, to the cent at least."""
    return {f"{rung}_usd": dollars(getattr(ladder, rung)) for rung in RUNGS}


def dollars(amount: Decimal) -> str:
    """US dollars in plain notation, to the cent at least."""
    exponent = amount.as_tuple().exponent
    return f"{amount:.2f}" if isinstance(exponent, int) and exponent > -2 else f"{amount:f}"


def _group(dimensions: Sequence[Dimension], group: Group) -> Document:
    return {"key": dict(zip(dimensions, group.keys, strict=True)), **total_document(group.total)}


def status_document(pledge: PledgeStatus, organisations: Mapping[UUID, Organisation], on: date) -> Document:
    """A pledge on a day as a snapshot tells it."""
    schedule, ladder = pledge.reporting, pledge.ladder
    lead = organisations.get(pledge.lead.organisation)
    return {
        "reference": pledge.reference,
        "version": pledge.version,
        "title": pledge.title,
        "lead": {"id": str(pledge.lead.organisation), "name": lead.name if lead else None},
        "sector": pledge.lead.sector,
        "pledger_region": pledge.lead.region,
        "type": pledge.type,
        "focus_area": pledge.focus_area,
        "pillars": list(pledge.pillars),
        "countries": list(pledge.countries),
        "regions": sorted(geography.regions_of(pledge.countries)),
        "target_groups": [key for key in keys(pledge, Dimension.TARGET_GROUP, on) if key is not None],
        "beneficiary_groups": list(pledge.beneficiary_groups),
        "sdgs": list(pledge.sdgs),
        "wsis_lines": list(pledge.wsis_lines),
        "announced_on": pledge.announced_on.isoformat(),
        "lifecycle": pledge.lifecycle,
        "scaled_up": pledge.scaled_up,
        "value_usd": dollars(pledge.value_usd),
        **ladder_document(ladder),
        "delivered_share": _text(rate(ladder.delivered, pledge.value_usd)),
        "reports": pledge.reports,
        "reporting": pledge.reporting_health(on),
        "next_report_due_on": schedule.due_on.isoformat() if schedule else None,
        "schedule": pledge.schedule_health(on),
    }


def _text(number: Decimal | None) -> str | None:
    return None if number is None else f"{number:f}"

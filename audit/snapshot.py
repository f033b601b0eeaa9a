"""The point-in-time status snapshot: every pledge's status, and totals, as the register stood at one moment.

Pure, and made of facts alone: whoever has the entries up to the position can fold them up to the effective date and
take the same snapshot, to the byte. That is what its digest is good for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from audit.canonical import canonical
from audit.envelope import format_instant
from domain import geography
from domain.dimensions import Attribution, Dimension
from domain.events import SnapshotIdentity
from domain.ladder import RUNGS, Ladder, is_published, ladder_of
from domain.organisation import Organisation
from domain.pledge import Pledge
from domain.rules import RULES_VERSION
from domain.schedule import reporting_health, reporting_schedule, schedule_health
from domain.totals import Group, Total, groups, rate, total
from domain.values import CENT
from domain.vocabulary import Lifecycle, ReportingHealth

Document = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """By which dimensions a snapshot's totals are grouped, and how value is attributed to the groups."""

    group_by: tuple[Dimension, ...] = ()
    attribution: Attribution = Attribution.FULL


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A snapshot as a document, and its canonical bytes, which are what is served and published."""

    document: Mapping[str, Any]

    @property
    def bytes(self) -> bytes:
        """The canonical JSON of the document."""
        return canonical(self.document)

    @property
    def digest(self) -> str:
        """The digest that the document states of the rest of itself."""
        return str(self.document["digest"])

    @property
    def identity(self) -> SnapshotIdentity:
        """What the snapshot is of."""
        return SnapshotIdentity(
            position=self.document["position"],
            effective_on=date.fromisoformat(self.document["effective_on"]),
            rules_version=self.document["rules_version"],
            digest=self.digest,
            group_by=tuple(self.document["group_by"]),
            attribution=self.document["attribution"],
        )


def snapshot(
    pledges: Iterable[Pledge],
    organisations: Mapping[UUID, Organisation],
    *,
    position: int,
    recorded_at: datetime | None,
    effective_on: date,
    options: Options,
) -> Snapshot:
    """The snapshot of a register whose pledges and organisations these are at a moment.

    `pledges` are all of them, admitted or not, by reference. `recorded_at` is when the fact at the position was
    recorded; None before the first one.
    """
    known = tuple(pledges)
    document: Document = {
        "position": position,
        "as_of": format_instant(recorded_at) if recorded_at else None,
        "effective_on": effective_on.isoformat(),
        "rules_version": RULES_VERSION,
        "group_by": [str(dimension) for dimension in options.group_by],
        "attribution": str(options.attribution),
        "totals": total_document(total(known, effective_on)),
        "groups": _groups(known, effective_on, options),
        "pledges": [_status(pledge, organisations, effective_on) for pledge in known if is_published(pledge)],
    }
    return Snapshot(document={**document, "digest": digest_of(document)})


def digest_of(document: Mapping[str, Any]) -> str:
    """`sha256:` and the SHA-256, in hexadecimal, of the canonical JSON of a snapshot without its `digest`."""
    rest = {name: value for name, value in document.items() if name != "digest"}
    return f"sha256:{hashlib.sha256(canonical(rest)).hexdigest()}"


def total_document(of: Total) -> Document:
    """Totals as documents tell them: every code with its number, the rate with its numerator and denominator."""
    return {
        "pledges": of.pledges,
        "organisations": of.organisations,
        "countries": of.countries,
        **_ladder(of.ladder),
        "lifecycle": {str(code): of.lifecycle.get(code, 0) for code in Lifecycle},
        "reporting": {str(code): of.reporting.get(code, 0) for code in ReportingHealth},
        "reported": of.reported,
        "response_rate": _decimal(of.response_rate),
    }


def dollars(amount: Decimal) -> str:
    """An amount of US dollars to the cent, as every snapshot writes it."""
    return f"{amount.quantize(CENT):f}" if amount else "0.00"


def _groups(pledges: tuple[Pledge, ...], on: date, options: Options) -> list[Document]:
    if not options.group_by:
        return []
    return [_group(group, options) for group in groups(pledges, options.group_by, on, options.attribution)]


def _group(group: Group, options: Options) -> Document:
    names = (str(dimension) for dimension in options.group_by)
    # A code is written as plain text, whatever kind of enumeration it belongs to.
    keys = (str(key) if isinstance(key, str) else key for key in group.keys)
    return {"key": dict(zip(names, keys, strict=True)), **total_document(group.total)}


def _ladder(ladder: Ladder) -> Document:
    return {f"{rung}_usd": dollars(getattr(ladder, rung)) for rung in RUNGS}


def _status(pledge: Pledge, organisations: Mapping[UUID, Organisation], on: date) -> Document:
    """One pledge's status on a day."""
    schedule = reporting_schedule(pledge)
    lead = organisations.get(pledge.lead.organisation)
    return {
        "reference": pledge.reference,
        "version": pledge.version,
        "lifecycle": str(pledge.lifecycle),
        "scaled_up": pledge.scaled_up,
        "lead": {
            "id": str(pledge.lead.organisation),
            "name": lead.name if lead else None,
            "sector": str(pledge.lead.sector),
            "country": pledge.lead.country,
            "region": _text(pledge.lead.region),
        },
        "title": pledge.title,
        "type": str(pledge.type),
        "focus_area": str(pledge.focus_area),
        "pillars": list(pledge.pillars),
        "countries": list(pledge.countries),
        "regions": sorted(str(region) for region in geography.regions_of(pledge.countries)),
        "target_groups": sorted({str(g) for country in pledge.countries for g in geography.groups_of(country, on)}),
        "beneficiary_groups": [str(group) for group in pledge.beneficiary_groups],
        "sdgs": list(pledge.sdgs),
        "wsis_lines": list(pledge.wsis_lines),
        "announced_on": pledge.announced_on.isoformat(),
        "value_usd": dollars(pledge.value_usd),
        **_ladder(ladder_of(pledge)),
        "delivered_share": _decimal(rate(pledge.delivered_usd, pledge.value_usd)),
        "reports": len(pledge.reports),
        "reporting_health": str(reporting_health(pledge, on)),
        "next_report_due_on": schedule.due_on.isoformat() if schedule else None,
        "schedule_health": str(schedule_health(pledge, on)),
    }


def _decimal(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"


def _text(code: str | None) -> str | None:
    return None if code is None else str(code)

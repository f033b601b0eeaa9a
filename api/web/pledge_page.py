"""What the page of a pledge shows: how it stands at a moment or after one of its steps, and its life until then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import cast

from api.http import problems
from api.http.failures import Failure
from api.http.representations import Names, parties
from api.web.known_facts import known_at
from api.web.pledge_life import (
    ContributionLine,
    ReportLine,
    Step,
    contributions,
    names_through_time,
    reports,
    steps,
)
from api.web.recording.access import Offered, offered, offered_on_contribution
from api.web.visits import Visit
from audit.envelope import Entry
from domain import geography
from domain.events import PledgeEvent
from domain.identity import pledge_id
from domain.ladder import Ladder, is_published, ladder_of
from domain.pledge import SHARE_STEP, Pledge, fold
from domain.refusals import UnknownPledge
from domain.schedule import CLOSED, ReportingSchedule, reporting_health, reporting_schedule, schedule_health
from domain.values import Money, Target
from domain.vocabulary import CountryGroup, Region, ReportingHealth, ScheduleHealth


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetLine:
    """A target and what is delivered of it, in its own unit; shares are of 1, and more than 1 where more came."""

    target: Target
    delivered: Decimal
    verified: Decimal
    share: Decimal
    verified_share: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class PledgePage:
    """A pledge as it stands on the day `on`, and its life.

    `version` is that of the step it is shown after, `latest` that of the last step known at the moment. `life` is all
    of its life as known at the moment; everything else is of what had happened by the step. `public` says whether
    everybody may see the pledge.
    """

    pledge: Pledge
    entry: Entry
    on: date
    version: int
    latest: int
    public: bool
    names: Names
    schedule: ScheduleHealth
    reporting: ReportingHealth
    report_due: ReportingSchedule | None
    regions: Sequence[Region]
    groups: Sequence[CountryGroup]
    ladder: Ladder
    targets: Sequence[TargetLine]
    contributions: Sequence[ContributionLine]
    reports: Sequence[ReportLine]
    life: Sequence[Step]
    forms: Sequence[Offered]
    contribution_forms: Mapping[str, Sequence[Offered]]

    @property
    def is_latest(self) -> bool:
        """Whether it is shown after its last step."""
        return self.version == self.latest

    @property
    def closed(self) -> bool:
        """Whether nothing more is expected of it."""
        return self.pledge.lifecycle in CLOSED

    @property
    def rates(self) -> Sequence[Money]:
        """The promised money that is not in US dollars, with the rates it was fixed at."""
        values = (line.target.value for line in self.targets)
        return [value for value in values if isinstance(value, Money) and value.usd_rate]


def pledge_page(visit: Visit, reference: str, version: int | None) -> PledgePage:
    """The page of a pledge at the moment of a visit, after one of its steps if that is asked for.

    Made from the facts themselves, so it shows what was recorded a moment ago. Raises UnknownPledge for a pledge that
    the visitor may not know of, and Failure for a version that it has not got.
    """
    known = known_entries(visit, reference)
    shown = _until(known, version, reference)
    pledge, latest = _folded(shown), known[-1].event.originator_version
    at_last = shown[-1] is known[-1]
    on = visit.moment.effective_on if at_last else max(entry.event.effective_on for entry in shown)
    lines = contributions(shown)
    acting = at_last and not visit.pinned
    actors = {entry.event.actor.organisation for entry in known}
    name_at = names_through_time(visit.service.ledger, filter(None, actors))
    return PledgePage(
        pledge=pledge,
        entry=shown[-1],
        on=on,
        version=shown[-1].event.originator_version,
        latest=latest,
        public=is_published(_folded(known)),
        names=visit.service.organisations.names(parties([pledge]), at=visit.point),
        schedule=schedule_health(pledge, on),
        reporting=reporting_health(pledge, on),
        report_due=reporting_schedule(pledge),
        regions=sorted(geography.regions_of(pledge.countries)),
        groups=sorted({group for code in pledge.countries for group in geography.groups_of(code, on)}),
        ladder=ladder_of(pledge),
        targets=[_target(pledge, target) for target in pledge.targets],
        contributions=lines,
        reports=reports(shown),
        life=steps(known, name_at, visit.texts),
        forms=offered(visit.service, visit.by, pledge, visit.today) if acting else [],
        contribution_forms=dict(_about_contributions(pledge, visit)) if acting else {},
    )


def known_entries(visit: Visit, reference: str) -> Sequence[Entry]:
    """The facts of a pledge that are known at the moment of a visit, in order.

    Raises UnknownPledge where there are none, or where the visitor may not know of the pledge as it was then.
    """
    known = known_at(visit.service.ledger.entries(pledge_id(reference)), visit.moment)
    pledge = fold(None, (cast("PledgeEvent", entry.event) for entry in known))
    if pledge is None or not visit.sight.includes(pledge):
        raise UnknownPledge(reference)
    return known


def _until(known: Sequence[Entry], version: int | None, reference: str) -> Sequence[Entry]:
    if version is None:
        return known
    shown = [entry for entry in known if entry.event.originator_version <= version]
    if not shown or shown[-1].event.originator_version != version:
        raise Failure(problems.UNKNOWN_VERSION, f"{reference} has no version {version} that is known at this moment.")
    return shown


def _folded(entries: Sequence[Entry]) -> Pledge:
    pledge = fold(None, (cast("PledgeEvent", entry.event) for entry in entries))
    if pledge is None:
        raise LookupError("a history begins with the announcement")
    return pledge


def _target(pledge: Pledge, target: Target) -> TargetLine:
    verified = pledge.delivered(target, verified=True)
    return TargetLine(
        target=target,
        delivered=pledge.delivered(target),
        verified=verified,
        share=pledge.share(target),
        verified_share=(verified / target.promised).quantize(SHARE_STEP),
    )


def _about_contributions(pledge: Pledge, visit: Visit) -> Iterator[tuple[str, Sequence[Offered]]]:
    for id in pledge.contributions:
        yield id, offered_on_contribution(visit.service, visit.by, pledge, id, visit.today)

"""From decisions to the plan that people and programs read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from application.register_import.objections import matches_almost_nothing, refusals
from application.register_import.pairing import amounts_of
from application.register_import.plan import Gone, Plan, Summary
from application.register_import.planning import Decided, Task
from application.register_import.promises import Firmness, Promise
from application.register_import.strangers import strangeness
from application.register_import.totals import movements, totals
from domain.pledge import Pledge


def plan_of(task: Task, decided: Decided) -> Plan:
    """The plan: what is done, what is wrong, what differs, and the sums."""
    return Plan(
        register=task.export.register,
        file_name=task.sheet.file_name,
        exported_on=task.export.on,
        summary=_summary(task, decided),
        firmness_as_written=_as_written(task.reading.promises),
        unused_columns=task.reading.unused_columns,
        keys=task.pairing.counts if task.state.pledges else None,
        strangeness=strangeness(task.mapping.lines.match, task.pairing.new, task.state.pledges)
        if matches_almost_nothing(task)
        else None,
        changes=decided.changes,
        gone=tuple(_gone(pledge, decided) for pledge in task.pairing.gone),
        returned=tuple(sorted(task.pairing.returned)),
        faults=decided.faults,
        findings=decided.findings,
        totals=totals(_good(task.reading.promises, decided)),
        movements=movements(task.pairing, decided.is_good) if task.state.pledges else (),
        refusals=refusals(task, decided.faults),
    )


def _summary(task: Task, decided: Decided) -> Summary:
    facts = Counter(fact for change in decided.changes for fact in set(change.facts))
    bad = len({fault.line for fault in decided.faults} | _lines_of_bad(task, decided))
    return Summary(
        lines=task.reading.lines,
        good=task.reading.lines - bad,
        bad=bad,
        pledges_announced=facts["Announced"],
        validated=facts["Validated"],
        became_validated=sum(change.facts[0] == "Validated" for change in decided.changes),
        declined=facts["Declined"],
        scaled_up=facts["ScaledUp"],
        scaled_down=facts["ScaledDown"],
        contributions=sum(change.facts.count("PartiallyFulfilled") for change in decided.changes),
        withdrawn=facts["Withdrawn"],
        unchanged=decided.unchanged,
        organisations_registered=decided.organisations_registered,
        amount_not_stated=sum(
            not target.stated for p in task.reading.promises if decided.is_good(p) for target in p.targets
        ),
        repeated_lines=task.reading.repeated,
        returned=len(task.pairing.returned),
        gone=len(task.pairing.gone),
        events=len(decided.batch.events),
    )


def _lines_of_bad(task: Task, decided: Decided) -> set[int]:
    return {line for promise in task.reading.promises if not decided.is_good(promise) for line in promise.lines}


def _as_written(promises: Iterable[Promise]) -> Mapping[str, Mapping[Firmness, int]]:
    """How firm each word of the file was taken to be, and how many lines have it."""
    counts: dict[str, Counter[Firmness]] = {}
    for promise in promises:
        counts.setdefault(promise.stated_firmness, Counter())[promise.firmness] += len(promise.lines)
    return {word: dict(counted) for word, counted in sorted(counts.items())}


def _good(promises: Iterable[Promise], decided: Decided) -> Iterable[tuple[Promise, Pledge]]:
    for promise in promises:
        pledge = decided.batch.pledge(decided.pledges[promise.line]) if decided.is_good(promise) else None
        if pledge is not None:
            yield promise, pledge


def _gone(pledge: Pledge, decided: Decided) -> Gone:
    return Gone(
        reference=pledge.reference,
        title=pledge.title,
        amounts=amounts_of(pledge),
        withdrawn=pledge.id in decided.withdrawn,
    )

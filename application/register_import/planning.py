"""Decide a whole import in memory: what it would do to each pledge, and everything that is wrong, in one go."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import partial
from itertools import chain
from uuid import UUID, uuid5

from application.batch import Batch, Once
from application.register_import import differences
from application.register_import.differences import Export, Finding, firmness_commands, named_targets, payment_commands
from application.register_import.mapping import Mapping as RegisterMapping
from application.register_import.numbers import ReferencesInUse
from application.register_import.pairing import Pair, Pairing, pair
from application.register_import.plan import Change, Choices, Missing
from application.register_import.promises import Lead, Promise, Reading
from application.register_import.record import Key, parse, record
from application.register_import.register import IMPORT_KEY, RegisterState
from application.register_import.sheet import Fault, Sheet
from audit.narrative import summarise
from domain.commands import PledgeCommand, Withdraw
from domain.events import PledgeEvent, Registered
from domain.identity import pledge_id
from domain.organisation import Organisation, Register
from domain.pledge import Pledge
from domain.refusals import AlreadyDecided, BeforeAnnouncement, BelowDelivered, PledgeClosed, Refused
from domain.values import Source
from domain.vocabulary import Lifecycle

Report = Callable[[int, int], None]
"""Is told how many pledges are decided, and of how many."""

SCOPE = "import"
ORGANISATIONS = UUID("0b8f7a86-4f0f-5d3a-8a53-6d8f3c1b9e52")
"""The name space of organisations that imports register, so that two imports at once cannot register one twice."""

_LIFE = (AlreadyDecided, BeforeAnnouncement, BelowDelivered, PledgeClosed)
"""Refusals that tell of the pledge's life, not of the line: what to make of them is for a person to say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is to be imported, into what, and how: all that a plan follows from."""

    sheet: Sheet
    mapping: RegisterMapping
    export: Export
    choices: Choices
    reading: Reading
    faults: tuple[Fault, ...]
    state: RegisterState
    pairing: Pairing

    @staticmethod
    def of(
        sheet: Sheet,
        mapping: RegisterMapping,
        export: Export,
        choices: Choices,
        read: tuple[Reading, tuple[Fault, ...]],
        state: RegisterState,
    ) -> Task:
        """The task, its lines paired with the register's pledges."""
        reading, faults = read
        return Task(
            sheet=sheet,
            mapping=mapping,
            export=export,
            choices=choices,
            reading=reading,
            faults=faults,
            state=state,
            pairing=pair(reading.promises, state.pledges),
        )

    @property
    def numbers_wanted(self) -> Mapping[int, int]:
        """How many new references are needed, by year; a line may bring its own."""
        new = (promise.announce for promise in self.pairing.new)
        return Counter((a.announced_on or self.export.on).year for a in new if a.reference is None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What came of the task: the pledge of each good promise, by its first line, and all that is to be told."""

    batch: Batch
    pledges: Mapping[int, UUID]
    changes: tuple[Change, ...]
    faults: tuple[Fault, ...]
    findings: tuple[Finding, ...]
    unchanged: int
    withdrawn: frozenset[UUID]

    def is_good(self, promise: Promise) -> bool:
        """Whether nothing is wrong with the promise's lines."""
        return promise.line in self.pledges

    @property
    def organisations_registered(self) -> int:
        """How many organisations are new."""
        return sum(isinstance(event, Registered) for event in self.batch.events)


class Planner:
    """Decides the task in a batch, handing out references as new pledges come."""

    def __init__(self, task: Task, batch: Batch, references: ReferencesInUse) -> None:
        self._task = task
        self._export = task.export
        self._batch = batch
        self._references = references
        self._faults = list(task.faults)
        self._findings: list[Finding] = []
        self._changes: list[Change] = []
        self._pledges: dict[int, UUID] = {}
        self._unchanged = 0
        self._withdrawn: set[UUID] = set()
        self._last_number = _last_numbers(task.state.pledges)
        self._leads_told: set[str] = set()

    def decide(self, report: Report) -> Decided:
        """Every decision of the import, in the order of the file; what is gone comes last."""
        pairing = self._task.pairing
        steps: Iterator[Callable[[], None]] = chain(
            (partial(self._compare, known) for known in pairing.pairs),
            (partial(self._announce, promise) for promise in pairing.new),
            (partial(self._miss, pledge) for pledge in pairing.gone),
        )
        of_all = len(pairing.pairs) + len(pairing.new) + len(pairing.gone)
        for done, step in enumerate(steps, start=1):
            step()
            report(done, of_all)
        self._batch.also_once(_once(self._export.register, "after", str(self._task.state.imported_up_to)))
        return Decided(
            batch=self._batch,
            pledges=self._pledges,
            changes=tuple(self._changes),
            faults=tuple(sorted(self._faults, key=lambda fault: fault.line)),
            findings=tuple(self._findings),
            unchanged=self._unchanged,
            withdrawn=frozenset(self._withdrawn),
        )

    def _compare(self, known: Pair) -> None:
        pledge = known.pledge
        lead = self._batch.organisation(pledge.lead.organisation)
        difference = differences.compare(known, lead.name if lead else "", self._export)
        try:
            events = self._change(pledge, difference.commands)
        except _LIFE as refused:
            said = f"{refused.message} {refused.remedy}"
            self._findings.append(
                Finding(line=known.promise.line, reference=pledge.reference, kind="refused", message=said)
            )
            events = ()
        except Refused as refused:
            self._bad(known.promise, refused)
            return
        self._findings += difference.findings
        self._pledges[known.promise.line] = pledge.id
        self._unchanged += not events
        self._note(known.promise.line, pledge.reference, known.promise.announce.title, events, pledge)

    def _announce(self, promise: Promise) -> None:
        year = (promise.announce.announced_on or self._export.on).year
        reference = promise.announce.reference or self._references.next(year)
        number = self._last_number[promise.key] + 1
        source = Source(register=self._export.register, record=record(promise.key, number), line=promise.line)
        try:
            with self._batch.together():
                lead = self._lead(promise)
                named = named_targets(promise.targets)
                announce = replace(
                    promise.announce,
                    lead=lead,
                    targets=tuple(map(differences.target_statement, named)),
                    source=source,
                    reference=reference,
                )
                paid = payment_commands([(target, id, Decimal(0)) for target, id in named], self._export)
                commands = (announce, *firmness_commands(promise, self._export), *paid)
                id = pledge_id(reference)
                events = self._batch.change_pledge(id, commands, _once(source.register, source.record, "1"))
        except Refused as refused:
            self._bad(promise, refused)
            return
        self._last_number[promise.key] = number
        if promise.announce.reference is None:
            self._references.use(year)
        self._pledges[promise.line] = id
        self._note(promise.line, reference, promise.announce.title, events)

    def _lead(self, promise: Promise) -> UUID:
        """The organisation with exactly this name, registered if there is none."""
        lead = promise.lead
        known = self._organisation(lead)
        if known is None:
            id = uuid5(ORGANISATIONS, lead.name)
            self._batch.change_organisation(id, Register(name=lead.name, sector=lead.sector, country=lead.country))
            return id
        self._tell_of(known, promise)
        return known.id

    def _tell_of(self, known: Organisation, promise: Promise) -> None:
        """An import never changes an organisation; what it says differently is told once."""
        lead = promise.lead
        if (known.sector, known.country) == (lead.sector, lead.country) or lead.name in self._leads_told:
            return
        self._leads_told.add(lead.name)
        message = (
            f"{known.name} is registered as {known.sector}, {known.country or 'no country'};"
            f" the file and its mapping make it {lead.sector}, {lead.country or 'no country'}"
        )
        self._findings.append(Finding(line=promise.line, reference=None, kind="other_organisation", message=message))

    def _organisation(self, lead: Lead) -> Organisation | None:
        known = self._task.state.organisations.get(lead.name)
        return known or self._batch.organisation(uuid5(ORGANISATIONS, lead.name))

    def _miss(self, pledge: Pledge) -> None:
        """What is not in the file any more is withdrawn only where that was asked for, and no line is unread."""
        if self._task.choices.missing is not Missing.WITHDRAW or self._faults:
            return
        if pledge.lifecycle in {Lifecycle.FULFILLED, Lifecycle.DECLINED}:
            return
        reason = f"not in the export of {self._export.on} of {self._export.register}"
        on = max(self._export.on, pledge.announced_on)
        events = self._change(pledge, (Withdraw(reason=reason, effective_on=on),))
        self._withdrawn.add(pledge.id)
        self._note(None, pledge.reference, pledge.title, events, pledge)

    def _change(self, pledge: Pledge, commands: Sequence[PledgeCommand]) -> tuple[PledgeEvent, ...]:
        if not commands:
            return ()
        record_of = pledge.source.record if pledge.source else ""
        once = _once(self._export.register, record_of, str(pledge.version + 1))
        with self._batch.together():
            return self._batch.change_pledge(pledge.id, commands, once)

    def _bad(self, promise: Promise, refused: Refused) -> None:
        column = _column_of(refused.field, self._task.mapping)
        self._faults.append(
            Fault(line=promise.line, column=column, value="", reason=refused.message, remedy=refused.remedy)
        )

    def _note(
        self, line: int | None, reference: str, title: str, events: Sequence[PledgeEvent], before: Pledge | None = None
    ) -> None:
        if events:
            self._changes.append(
                Change(
                    line=line,
                    reference=reference,
                    title=title,
                    facts=tuple(type(event).__name__ for event in events),
                    sentences=tuple(summarise(event, before) for event in events),
                    known=before is not None,
                )
            )


def _last_numbers(pledges: Iterable[Pledge]) -> Counter[Key]:
    """The highest number given to a line of each key, withdrawn pledges included: no record is given twice."""
    last: Counter[Key] = Counter()
    for pledge in pledges:
        key, number = parse(pledge.source.record) if pledge.source else ((), 0)
        last[key] = max(last[key], number)
    return last


def _once(register: str, what: str, occasion: str) -> Once:
    """The receipt that makes a change of one record happen once, whoever else imports the register just now."""
    digest = hashlib.sha256(f"{register}\n{what}".encode()).digest()
    key = f"{IMPORT_KEY}{digest.hex()[:32]}/{occasion}"
    return Once(scope=SCOPE, idempotency_key=key, fingerprint=digest)


def _column_of(field: str | None, mapping: RegisterMapping) -> str | None:
    """The column that a refused field of a command came from."""
    name = (field or "").partition(".")[0]
    if name in {"targets", "new_targets", "contributions"}:
        return mapping.amount.column if mapping.amount else None
    if name in {"source", "record"}:
        return " and ".join(mapping.lines.match)
    if name in {"lead", "name", "sector", "country"}:
        given = getattr(mapping.lead, "name" if name == "lead" else name)
    else:
        given = getattr(mapping.pledge, name, None)
    return " and ".join(dict.fromkeys(given.columns)) or None if given else None

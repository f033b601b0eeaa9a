"""The use case: rehearse an import, or carry it out, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from eventsourcing.persistence import RecordConflictError

from application.batch import Batch
from application.clock import Today
from application.ledger import Ledger, LedgerBusy
from application.ports import ExchangeRates, ReferenceNumbers
from application.register_import.differences import Export
from application.register_import.mapping import Mapping
from application.register_import.numbers import References, ReferencesInUse, provisional, taken
from application.register_import.plan import Choices, Outcome, Plan
from application.register_import.planning import Decided, Planner, Report, Task
from application.register_import.reading import read
from application.register_import.register import RegisterView
from application.register_import.sheet import Sheet
from application.register_import.summing_up import plan_of
from domain.identity import pledge_id
from domain.refusals import DateInFuture
from domain.values import Actor
from domain.vocabulary import Role

ATTEMPTS = 5
"""How often an import is planned anew because somebody else recorded something it is about."""

IMPORTER = Actor(role=Role.BDT)
"""An import is BDT's act: no organisation's own statement, and nobody's token."""


def quietly(done: int, of_all: int) -> None:
    """Nobody wants to know how far it is."""


class RegisterImports:
    """Imports of registers into one ledger."""

    def __init__(
        self, ledger: Ledger, view: RegisterView, references: ReferenceNumbers, rates: ExchangeRates, today: Today
    ) -> None:
        self._ledger = ledger
        self._view = view
        self._references = references
        self._rates = rates
        self._today = today

    def preview(
        self, sheet: Sheet, mapping: Mapping, exported_on: date, choices: Choices, report: Report = quietly
    ) -> Plan:
        """What an import would do now, reference numbers provisional; nothing is written. Raises DateInFuture."""
        return self._rehearsal(sheet, mapping, exported_on, choices, report)().plan

    def carry_out(
        self, sheet: Sheet, mapping: Mapping, exported_on: date, choices: Choices, report: Report = quietly
    ) -> Outcome:
        """Import the file. Where the plan has refusals or changes nothing, nothing is written.

        An import that another one overtakes is planned anew on what the register has then, so that of two imports
        of one file the second finds nothing left to do. Raises DateInFuture and LedgerBusy; nothing is written then.
        """
        rehearse = self._rehearsal(sheet, mapping, exported_on, choices, report)
        for _ in range(ATTEMPTS):
            rehearsal = rehearse()
            if rehearsal.plan.refusals or not rehearsal.plan.changes:
                return Outcome(plan=rehearsal.plan)
            final = rehearsal.with_references_taken()
            try:
                entries = final.decided.batch.record()
            except RecordConflictError:
                continue
            return Outcome(plan=final.plan, first_position=entries[0].position, last_position=entries[-1].position)
        raise LedgerBusy("others kept changing the pledges of this register")

    def _rehearsal(
        self, sheet: Sheet, mapping: Mapping, exported_on: date, choices: Choices, report: Report
    ) -> Callable[[], _Rehearsal]:
        """Read the file once; the rehearsal can then be repeated on what the register has by then."""
        if exported_on > self._today():
            raise DateInFuture(exported_on, self._today(), field="exported_on")
        export = Export(register=mapping.register_name, on=exported_on)
        reading = read(sheet, mapping, exported_on)

        def rehearse() -> _Rehearsal:
            state = self._view.state(export.register)
            task = Task.of(sheet, mapping, export, choices, reading, state)
            return _Rehearsal(self, task, provisional(task.numbers_wanted, self._references, self._view), report)

        return rehearse

    def references_taken(self, wanted: References) -> References:
        """As many references as these, from now on nobody else's."""
        return taken({year: len(given) for year, given in wanted.items()}, self._references, self._view)

    def batch(self, task: Task, references: References) -> Batch:
        """An empty batch that knows the task's pledges, and that the new references are free."""
        free = {pledge_id(reference): None for given in references.values() for reference in given}
        known = {pledge.id: pledge for pledge in task.state.pledges}
        organisations = {o.id: o for o in task.state.organisations.values()}
        return Batch(
            self._ledger,
            self._rates,
            self._today,
            IMPORTER,
            pledges={**free, **known},
            organisations=organisations,
        )


class _Rehearsal:
    """A task decided in memory with certain references."""

    def __init__(self, imports: RegisterImports, task: Task, references: References, report: Report) -> None:
        self._imports = imports
        self._task = task
        self._report = report
        in_use = ReferencesInUse(references)
        self.decided: Decided = Planner(task, imports.batch(task, references), in_use).decide(report)
        self.plan: Plan = plan_of(task, self.decided)
        self._used = in_use.used

    def with_references_taken(self) -> _Rehearsal:
        """The same with references that are ours; decided again only where they are not the provisional ones."""
        references = self._imports.references_taken(self._used)
        return self if references == self._used else _Rehearsal(self._imports, self._task, references, self._report)

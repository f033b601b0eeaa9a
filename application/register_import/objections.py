"""When an import is refused as a whole, though each of its lines may be good."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from application.register_import.plan import Missing, Refusal
from application.register_import.planning import Task
from application.register_import.sheet import Fault

ALMOST_NOTHING = 0.1
"""A file of which a smaller part matches is taken for one that spells the register differently."""


def refusals(task: Task, faults: Sequence[Fault]) -> tuple[Refusal, ...]:
    """Everything that keeps the import from being written."""
    return (*_bad_lines(task, faults), *_older(task), *_almost_nothing(task), *_emptied(task))


def matches_almost_nothing(task: Task) -> bool:
    """Whether the register has pledges from there, and the file knows next to none of them."""
    counts = task.pairing.counts
    matched = counts.pairs_exact + counts.pairs_folded
    return counts.in_register > 0 and matched < ALMOST_NOTHING * max(len(task.reading.promises), 1)


def _bad_lines(task: Task, faults: Sequence[Fault]) -> Iterable[Refusal]:
    bad = len({fault.line for fault in faults})
    if bad and not task.choices.keep_good_rows:
        yield Refusal(
            kind="bad_rows",
            message=f"{bad} of {task.reading.lines} lines cannot be taken, and an import is all or nothing.",
            remedy="Put them right, or leave them out with --keep-good-rows.",
        )


def _older(task: Task) -> Iterable[Refusal]:
    last = task.state.last_exported_on
    if last is not None and task.export.on < last:
        yield Refusal(
            kind="older_export",
            message=(
                f"The file was exported on {task.export.on}, but the register already has the export of {last}:"
                " what changed since would be undone."
            ),
            remedy="Import the newest export; older ones must come first.",
        )


def _almost_nothing(task: Task) -> Iterable[Refusal]:
    if not matches_almost_nothing(task) or task.choices.as_new:
        return
    counts = task.pairing.counts
    matched = counts.pairs_exact + counts.pairs_folded
    yield Refusal(
        kind="matches_almost_nothing",
        message=(
            f"Only {matched} of the {len(task.reading.promises)} pledges in the file are known, though the register"
            f" has pledges with {counts.in_register} different keys from {task.export.register}:"
            " imported as it is, the file would double the register."
        ),
        remedy="See which columns are spelt differently and translate them in the file; if these really are other"
        " pledges, import them with --as-new.",
    )


def _emptied(task: Task) -> Iterable[Refusal]:
    if task.choices.missing is Missing.WITHDRAW and matches_almost_nothing(task) and task.choices.as_new:
        yield Refusal(
            kind="would_withdraw_all",
            message="--as-new says that the file has other pledges, --missing=withdraw that the known ones are gone.",
            remedy="Use one of the two.",
        )

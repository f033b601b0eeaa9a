"""What an import says at its end, to people and to programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from api.cli.console import shown
from application.register_import.plan import Movement, Outcome, Plan, Strangeness

SHOWN = 20
"""How many of a kind people are shown; --json has them all. Bad lines are always shown all."""

_CAUSES = {
    "new": "new lines",
    "returned": "lines that came back after a withdrawal",
    "higher": "higher amounts",
    "lower": "lower amounts",
    "stated_now": "amounts stated for the first time",
    "no_longer_stated": "amounts no longer stated",
    "gone": "lines not in the file any more",
    "bad_line": "lines that cannot be read",
}

_COUNTS = {
    "lines": "lines read",
    "good": "good",
    "bad": "bad",
    "pledges_announced": "pledges announced",
    "validated": "pledges validated",
    "became_validated": "  of these announced before",
    "declined": "pledges declined",
    "scaled_up": "pledges scaled up",
    "scaled_down": "pledges scaled down",
    "contributions": "records of deliveries",
    "withdrawn": "pledges withdrawn",
    "unchanged": "pledges unchanged",
    "gone": "pledges not in the file any more",
    "returned": "pledges back after a withdrawal, as new ones",
    "organisations_registered": "organisations registered",
    "amount_not_stated": "lines whose amount is not stated",
    "repeated_lines": "lines that repeat an earlier one (each kept, since the sums count it)",
    "events": "events",
}


def document(outcome: Outcome, *, dry_run: bool) -> dict[str, Any]:
    """The outcome for programs: amounts as decimal strings, dates as ISO 8601 writes them."""
    plan: dict[str, Any] = msgspec.to_builtins(outcome.plan, str_keys=True)
    for told, movement in zip(plan["movements"], outcome.plan.movements, strict=True):
        told["difference"] = f"{movement.difference:f}"
    positions = {"first_position": outcome.first_position, "last_position": outcome.last_position}
    return {"dry_run": dry_run, "written": outcome.written, **positions, **plan}


def show(outcome: Outcome, console: Console, *, dry_run: bool) -> None:
    """The outcome for people: what is wrong first, what was done last."""
    plan = outcome.plan
    console.print(f"[bold]{shown(plan.register)}[/], export of {plan.exported_on}: {shown(plan.file_name)}")
    if plan.unused_columns:
        console.print(f"Columns that the mapping does not use: {shown(', '.join(plan.unused_columns))}")
    _show_faults(plan, console)
    _show_keys(plan, console)
    if plan.strangeness:
        _show_strangeness(plan.strangeness, console)
    _show_findings(plan, console)
    _show_changed(plan, console)
    _show_gone(plan, console)
    console.print(_counts(plan, dry_run=dry_run))
    console.print(_as_written(plan))
    console.print(_totals(plan, written=not (dry_run or plan.refusals)))
    for movement in plan.movements:
        console.print(_movement(movement))
    _show_refusals(plan, console)
    console.print(_verdict(outcome, dry_run=dry_run))


def _show_faults(plan: Plan, console: Console) -> None:
    if not plan.faults:
        return
    table = _table("line", "column", "value", "what is wrong", "what to do", title="Bad lines")
    for fault in plan.faults:
        table.add_row(str(fault.line), *map(shown, (fault.column or "", fault.value, fault.reason, fault.remedy)))
    console.print(table)


def _show_keys(plan: Plan, console: Console) -> None:
    if plan.keys is None:
        return
    keys = plan.keys
    console.print(
        f"Of {keys.in_file} different keys in the file and {keys.in_register} in the register, {keys.matched_exactly}"
        f" are on both sides to the letter, {keys.matched_folded} when spaces and case are ignored."
        f" {keys.pairs_exact} pledges were recognised to the letter, {keys.pairs_folded} more that way."
    )


def _show_strangeness(strangeness: Strangeness, console: Console) -> None:
    console.print("\n[bold red]The file matches almost nothing of what the register has from there.[/]")
    table = _table("column", "values never seen before", "lines", "the most frequent", title="What is spelt otherwise")
    for column, values in strangeness.new_values.items():
        frequent = "; ".join(f"{_brief(value)} ({count})" for value, count in list(values.items())[:5])
        table.add_row(shown(column), str(len(values)), str(sum(values.values())), shown(frequent))
    console.print(table)
    table = _table("line", "column", "in the file", "in the register", title="Nearest known lines: one column differs")
    for near in strangeness.nearest:
        differ = [(a, b) for a, b in zip(near.key, near.known, strict=True) if a != b]
        here, there = (" / ".join(_brief(pair[side]) for pair in differ) for side in (0, 1))
        table.add_row(str(near.line), shown(", ".join(near.columns)), shown(here), shown(there))
    if strangeness.nearest:
        console.print(table)


def _show_findings(plan: Plan, console: Console) -> None:
    if not plan.findings:
        return
    table = _table("line", "pledge", "difference", title="Differences that are not recorded: a person must decide")
    for finding in plan.findings[:SHOWN]:
        table.add_row(str(finding.line or ""), finding.reference or "", shown(finding.message))
    console.print(table)
    _show_rest(Counter(finding.kind for finding in plan.findings[SHOWN:]).items(), console)


def _show_changed(plan: Plan, console: Console) -> None:
    changed = [change for change in plan.changes if change.known and change.line is not None]
    if not changed:
        return
    table = _table("line", "pledge", "what happens", title="Pledges the register knew, and what is different")
    # A promise that became firm is what people look for first.
    for change in sorted(changed, key=lambda change: "Validated" not in change.facts)[:SHOWN]:
        table.add_row(str(change.line), change.reference, "\n".join(map(shown, change.sentences)))
    console.print(table)
    _show_rest([("pledges", len(changed) - SHOWN)], console)


def _show_gone(plan: Plan, console: Console) -> None:
    if not plan.gone or plan.strangeness:
        return
    fate = "withdrawn" if plan.summary.withdrawn else "left as they are (--missing=withdraw would withdraw them)"
    table = _table("pledge", "title", "amount", title=f"Not in the file any more: {fate}")
    for gone in plan.gone[:SHOWN]:
        amounts = ", ".join(f"{amount:,f} {currency}" for currency, amount in gone.amounts) or "not stated"
        table.add_row(gone.reference, shown(_brief(gone.title)), amounts)
    console.print(table)
    _show_rest([("pledges", len(plan.gone) - SHOWN)], console)


def _show_rest(counts: Iterable[tuple[str, int]], console: Console) -> None:
    rest = ", ".join(f"{count} {kind}" for kind, count in counts if count > 0)
    if rest:
        console.print(f"… and {rest} more; --json shows them all.")


def _counts(plan: Plan, *, dry_run: bool) -> Table:
    table = _table("", "number", title="What would be done" if dry_run or plan.refusals else "What was done")
    for name, words in _COUNTS.items():
        count = getattr(plan.summary, name)
        if count or name in {"lines", "good", "bad", "events"}:
            table.add_row(words, f"{count:,}")
    return table


def _as_written(plan: Plan) -> Table:
    table = _table("in the file", "taken as", "lines", title="How firm")
    for word, taken in plan.firmness_as_written.items():
        for firmness, count in taken.items():
            table.add_row(shown(repr(word)) if word else "(not said)", firmness, f"{count:,}")
    return table


def _totals(plan: Plan, *, written: bool) -> Table:
    after = "register holds" if written else "register would hold"
    table = _table("currency", "firmness", "lines", "sum of the file", after, "equal", title="Sums of the good lines")
    for total in plan.totals:
        equal = "yes" if total.file == total.register else f"no, {total.register - total.file:+,f}"
        table.add_row(
            total.currency, total.firmness, f"{total.lines:,}", f"{total.file:,f}", f"{total.register:,f}", equal
        )
    for currency in dict.fromkeys(total.currency for total in plan.totals):
        of_currency = [total for total in plan.totals if total.currency == currency]
        file, register = (sum((getattr(t, side) for t in of_currency), Decimal(0)) for side in ("file", "register"))
        lines = sum(total.lines for total in of_currency)
        equal = "yes" if file == register else f"no, {register - file:+,f}"
        table.add_row(currency, "together", f"{lines:,}", f"{file:,f}", f"{register:,f}", equal, style="bold")
    return table


def _movement(movement: Movement) -> Table:
    table = _table("", "pledges", movement.currency, title="From what the register held before to this file")
    table.add_row("before", "", f"{movement.before:,f}")
    for cause in movement.causes:
        table.add_row(_CAUSES.get(cause.cause, cause.cause), f"{cause.pledges:,}", f"{cause.amount:+,f}")
    table.add_row("this file", "", f"{movement.file:,f}")
    table.add_row("difference", "", f"{movement.difference:+,f}", style="bold")
    return table


def _show_refusals(plan: Plan, console: Console) -> None:
    for refusal in plan.refusals:
        console.print(f"[bold red]Refused:[/] {shown(refusal.message)}\n  {shown(refusal.remedy)}")


def _verdict(outcome: Outcome, *, dry_run: bool) -> str:
    plan = outcome.plan
    if plan.refusals:
        return "[bold]Nothing was written.[/]"
    if not plan.changes:
        return "[bold]Nothing to do: the register has all of this already. Nothing was written.[/]"
    if dry_run:
        return "[bold]A rehearsal: nothing was written.[/] Reference numbers are provisional."
    positions = f"positions {outcome.first_position} to {outcome.last_position}"
    return f"[bold]Recorded {plan.summary.events:,} events, {positions}.[/]"


def _brief(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:59]}…"


def _table(*columns: str, title: str) -> Table:
    table = Table(title=f"\n{title}", title_justify="left", title_style="bold", box=None, pad_edge=False)
    for column in columns:
        numeric = column in {"lines", "number", "pledges", "sum of the file"} or column.startswith("register ")
        right = numeric or (len(column) == 3 and column.isupper())
        table.add_column(column, justify="right" if right else "left", overflow="fold")
    return table

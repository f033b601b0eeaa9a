"""Failures in plain words: what is wrong and what to do about it, in one table. No traceback for what is expected."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import typer
from typer.core import TyperGroup

from api.cli.console import aside, shown
from application.ledger import LedgerBusy, LedgerRolledBack
from application.sample.loading import LedgerHoldsMore
from domain.refusals import Refused
from infrastructure.bundles import NothingSigned
from infrastructure.database import DISK_FULL, FORBIDDEN, UNAVAILABLE, first_line
from infrastructure.embedded_postgres import EmbeddedPostgresError
from infrastructure.postgres_programs import UnknownProgram
from infrastructure.schema import SchemaTooNew
from infrastructure.settings import InvalidSettings
from infrastructure.signing import SigningStopped
from projections.rebuild import ExchangeImpossible, RebuildUnderWay
from projections.runner import ReadModelFailed

DONE, WRONG = 0, 1
"""Exit codes; the third, 2, is given to a command that is used wrongly."""

Words = tuple[str, str]
"""What is wrong, and what to do."""


class Unusable(Exception):
    """A command cannot do what it was asked; the message says why, `remedy` what to do."""

    def __init__(self, message: str, *, remedy: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy


def _database_away(error: Exception) -> Words:
    return (
        f"The database does not answer: {first_line(error)}",
        "Check that the server runs and that P2C_DATABASE_URL names it; `p2c doctor` examines both.",
    )


def _explained(remedy: str) -> Callable[[Exception], Words]:
    return lambda error: (str(error), remedy)


_WORDS: Sequence[tuple[type[Exception] | tuple[type[Exception], ...], Callable[[Any], Words]]] = (
    (Unusable, lambda error: (str(error), error.remedy)),
    (Refused, lambda refusal: (refusal.message, refusal.remedy)),
    (InvalidSettings, _explained("Put the variables right; `docs/cli.md` and `p2c doctor` list them all.")),
    (EmbeddedPostgresError, _explained("")),
    (UnknownProgram, _explained("Each of them says what it does with --help.")),
    (SchemaTooNew, _explained("")),
    (LedgerBusy, lambda error: (f"The ledger is busy: {error}.", "Nothing was recorded by this attempt. Try again.")),
    (
        LedgerRolledBack,
        lambda error: (
            f"Nothing is recorded: {error}.",
            "Restore a backup that has all that was signed; docs/backup.md says how, and what to do if there is none.",
        ),
    ),
    (
        LedgerHoldsMore,
        lambda _: (
            "The ledger holds more than the sample, so no sample is loaded into it.",
            "Name an empty one: another folder with P2C_DATA_DIR, or another database with P2C_DATABASE_URL.",
        ),
    ),
    (RebuildUnderWay, _explained("Wait until it is done; `p2c doctor` shows how far each read model is.")),
    (ExchangeImpossible, _explained("Try again when fewer long reads are under way.")),
    (NothingSigned, _explained("Record something, or export where the signing key is: `p2c key list` shows it.")),
    (SigningStopped, _explained("`p2c verify` on an exported bundle says which entry it is about, if it is one.")),
    (ReadModelFailed, _explained("The ledger itself is complete; `p2c doctor` shows where the read models stand.")),
    (
        FORBIDDEN,
        lambda error: (
            f"The database forbids it: {first_line(error)}",
            "Let the owner of the database, or a superuser, run `p2c schema apply`, or name that user in "
            "P2C_DATABASE_URL.",
        ),
    ),
    (
        DISK_FULL,
        lambda error: (
            f"The database has no room left to write to: {first_line(error)}",
            "Make room on its disk, and try again; `p2c doctor` shows how much there is.",
        ),
    ),
    (UNAVAILABLE, _database_away),
)


def words_for(error: Exception) -> Words | None:
    """What is wrong and what to do; None for an error that nobody expected."""
    return next((words(error) for kind, words in _WORDS if isinstance(error, kind)), None)


class PlainSpeaking(TyperGroup):
    """A group of commands whose expected failures end in two sentences and exit code 1."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command."""
        try:
            return super().invoke(ctx)
        except Exception as error:
            words = words_for(error)
            if words is None:
                raise
            say(*words)
            raise typer.Exit(WRONG) from error


def say(wrong: str, remedy: str = "") -> None:
    """Tell on standard error what is wrong and what to do."""
    console = aside()
    console.print(f"[bold red]Error:[/] {shown(wrong)}")
    if remedy:
        console.print(shown(remedy))

"""`p2c doctor`: what is configured, whether it is well, and what to do where it is not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import typer
from rich.console import Console

from api.cli.console import AsJson, people, programs, shown, table
from api.cli.failures import WRONG
from infrastructure.bootstrap import database
from infrastructure.disk import examine_disk
from infrastructure.embedded_postgres import EmbeddedPostgresError
from infrastructure.examination import Finding, Verdict, examine, examine_signing
from infrastructure.replica_examination import examine_replica
from infrastructure.settings import InvalidSettings, SettingDescription, Settings, describe
from infrastructure.signing import Signing
from infrastructure.version import p2c_version

_COLOURS = {Verdict.OK: "green", Verdict.WARNING: "yellow", Verdict.ERROR: "red"}


def doctor(*, as_json: AsJson = False) -> None:
    """Examine the configuration, the database, the ledger's guards, the read models, the clock and the disk.

    Changes nothing; it may start the private PostgreSQL for a moment. Exit code 1 where anything is an error.
    """
    described, findings = _examined()
    worst = max((f.verdict for f in findings), key=list(Verdict).index)
    if as_json:
        programs(
            {
                "version": p2c_version(),
                "verdict": worst,
                "settings": [setting._asdict() for setting in described],
                "checks": [asdict(finding) for finding in findings],
            }
        )
    else:
        _show(people(), described, findings)
    if worst is Verdict.ERROR:
        raise typer.Exit(WRONG)


def _examined() -> tuple[Sequence[SettingDescription], Sequence[Finding]]:
    try:
        settings = Settings.from_environment()
    except InvalidSettings as invalid:
        advice = "Put the variables right; the service does not start with them."
        return [], [Finding(check="settings", verdict=Verdict.ERROR, message=str(invalid), advice=advice)]
    well = Finding(check="settings", verdict=Verdict.OK, message="every value can be used")
    return describe(settings), [well, *_database(settings), examine_disk(settings.data_dir)]


def _database(settings: Settings) -> Sequence[Finding]:
    if settings.database_url is None and not (settings.data_dir.expanduser() / "postgres").exists():
        # Starting it would make the folder, and the doctor changes nothing.
        message = f"there is no ledger in {settings.data_dir} yet"
        advice = "`p2c serve` makes one; with P2C_DATABASE_URL it uses a server of yours."
        return [Finding(check="database", verdict=Verdict.WARNING, message=message, advice=advice)]
    try:
        with database(settings) as conninfo:
            findings = [*examine(conninfo), *examine_signing(conninfo, Signing.of(settings))]
            if settings.read_replica_url:
                findings += examine_replica(conninfo, settings.read_replica_url)
            return findings
    except EmbeddedPostgresError as unusable:
        return [Finding(check="database", verdict=Verdict.ERROR, message=str(unusable), advice="See the text above.")]


def _show(console: Console, described: Sequence[SettingDescription], findings: Sequence[Finding]) -> None:
    settings = table("setting", "value", "origin", "meaning")
    for setting in described:
        settings.add_row(setting.name, shown(setting.value or "none"), setting.origin, shown(setting.meaning))
    console.print(f"p2c {p2c_version()}\n")
    console.print(settings)
    console.print()
    checks = table("", "check", "finding")
    for finding in findings:
        colour = _COLOURS[finding.verdict]
        checks.add_row(f"[{colour}]{finding.verdict}[/]", finding.check, shown(finding.message))
        if finding.advice:
            checks.add_row("", "", f"[dim]{shown(finding.advice)}[/]")
    console.print(checks)

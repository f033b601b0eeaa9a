"""`p2c`: every command of the register, put together."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli import (
    demo,
    diff,
    doctor,
    export_bundle,
    import_register,
    keys,
    obligations,
    postgres,
    rates,
    rebuild,
    replay,
    report,
    schema,
    serve,
    snapshot,
    subjects,
    tokens,
    totals,
    verify,
    webhooks,
)
from api.cli.console import people
from api.cli.failures import PlainSpeaking
from infrastructure.version import p2c_version

EXIT_CODES = "Exit codes: 0 done, 1 refused or something is wrong, 2 used wrongly."

app = typer.Typer(
    name="p2c",
    cls=PlainSpeaking,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    epilog=EXIT_CODES,
    help="The register of Partner2Connect pledges: what happened is stored once, in order, for ever.\n\n"
    "Settings come from environment variables that begin with P2C_; `p2c doctor` lists them.",
)


def _version(asked: bool) -> None:  # noqa: FBT001 - the signature that Typer calls
    if asked:
        people().print(f"p2c {p2c_version()}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


app.command()(serve.serve)
app.command()(demo.demo)
app.command("import")(import_register.import_register)
app.command()(snapshot.snapshot)
app.command()(totals.totals)
app.command()(diff.diff)
app.command()(report.report)
app.command()(obligations.obligations)
app.command()(replay.replay)
app.command()(verify.verify)
app.command("export-bundle")(export_bundle.export_bundle)
app.command()(rebuild.rebuild)
app.add_typer(tokens.app, name="token")
app.add_typer(subjects.app, name="subject")
app.add_typer(webhooks.app, name="webhook")
app.add_typer(keys.app, name="key")
app.add_typer(rates.app, name="rates")
app.add_typer(schema.app, name="schema")
app.command(context_settings=postgres.LEAVE_OPTIONS_ALONE)(postgres.postgres)
app.command()(doctor.doctor)


def main() -> None:
    """The entry point of the script."""
    app()


if __name__ == "__main__":
    main()

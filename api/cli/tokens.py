"""`p2c token`: who may write."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

import typer

from api.cli.console import AsJson, aside, people, programs, shown, table
from api.cli.failures import Unusable
from api.cli.opening import the_service
from application.access import Permission
from audit.envelope import format_instant
from domain.refusals import UnknownOrganisation
from domain.vocabulary import Role
from infrastructure.bootstrap import Service
from infrastructure.credentials import Credential, UnsuitableToken, end_of_use

app = typer.Typer(no_args_is_help=True, help="Issue, list and revoke tokens.", rich_markup_mode="rich")


@app.command()
def issue(
    role: Annotated[Role, typer.Option(help="What the token may do.", show_choices=True)],
    organisation: Annotated[
        UUID | None, typer.Option(metavar="ID", help="The organisation it acts for; a stakeholder needs one.")
    ] = None,
    expires: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The last day (UTC) on which it is good.")
    ] = None,
    scope: Annotated[
        list[Permission] | None,
        typer.Option(help="What it is good for, repeated; without it, all that its role may do.", show_choices=True),
    ] = None,
    note: Annotated[str | None, typer.Option(help="What it is for; no person's name.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Issue a token and show it, once: it is kept nowhere and cannot be shown again.

    The token alone goes to standard output, so that `TOKEN=$(p2c token issue --role bdt)` works.
    """
    expires_at = _end_of(expires)
    with the_service() as service:
        if organisation and service.ledger.organisation(organisation) is None:
            raise UnknownOrganisation(str(organisation))
        credential, token = _issued(service, role, organisation, scopes=scope, expires_at=expires_at, note=note)
    if as_json:
        programs({**_document(credential), "token": token})
    else:
        typer.echo(token)
        until = f", good until {expires:%Y-%m-%d}" if expires else ""
        aside().print(f"Issued {credential.id} for the role {role}{until}. The token is not shown again.")


@app.command("list")
def show(*, as_json: AsJson = False) -> None:
    """List every token ever issued, the latest first, without its secret."""
    with the_service() as service:
        issued = service.credentials.issued()
        names = _names(service, issued)
    if as_json:
        programs([_document(credential) for credential in issued])
        return
    grid = table("id", "begins with", "role", "organisation", "scopes", "note", "issued", "last used", "state")
    for c in issued:
        name = shown(names.get(c.organisation_id, "")) if c.organisation_id else ""
        scopes = "all" if c.scopes is None else ", ".join(sorted(c.scopes))
        used = f"{c.last_used_at:%Y-%m-%d %H:%M}" if c.last_used_at else "never"
        issued_at = f"{c.issued_at:%Y-%m-%d %H:%M}"
        grid.add_row(str(c.id), c.prefix, c.role, name, scopes, shown(c.note or ""), issued_at, used, state_of(c))
    people().print(grid if issued else "No token has been issued.")


@app.command()
def revoke(
    id: Annotated[str, typer.Argument(metavar="ID", help="The token's id, or its beginning if only one begins so.")],
) -> None:
    """Make a token worthless from now on. Revoking it again changes nothing."""
    with the_service() as service:
        found = _the_one(id, service.credentials.issued())
        revoked = service.credentials.revoke(found.id)
    people().print(f"Revoked {found.id}." if revoked else f"{found.id} had been revoked already.")


def state_of(credential: Credential) -> str:
    """Whether the token is still good, in words."""
    state = credential.state(datetime.now(UTC))
    limited = state == "good" and credential.expires_at
    return f"good until {credential.expires_at:%Y-%m-%d %H:%M}" if limited else state


def _end_of(day: datetime | None) -> datetime | None:
    """The instant at which that day is over, refused where it is over already."""
    if day is None:
        return None
    over = end_of_use(day.date())
    if over <= datetime.now(UTC):
        raise typer.BadParameter(f"{day:%Y-%m-%d} is over", param_hint="--expires")
    return over


def _issued(
    service: Service, role: Role, organisation: UUID | None, *, scopes: list[Permission] | None, **more: Any
) -> tuple[Credential, str]:
    try:
        return service.credentials.issue(role, organisation, scopes=scopes or None, **more)
    except UnsuitableToken as unsuitable:
        raise typer.BadParameter(str(unsuitable)) from unsuitable


def _the_one(beginning: str, issued: Sequence[Credential]) -> Credential:
    found = [credential for credential in issued if str(credential.id).startswith(beginning.lower())]
    if len(found) == 1:
        return found[0]
    what = "No token's id begins" if not found else f"The ids of {len(found)} tokens begin"
    raise Unusable(f"{what} with {beginning}.", remedy="`p2c token list` shows the ids.")


def _names(service: Service, issued: Sequence[Credential]) -> Mapping[UUID, str]:
    ids = {credential.organisation_id for credential in issued if credential.organisation_id}
    return {id: known.name for id in ids if (known := service.ledger.organisation(id))}


def _document(credential: Credential) -> dict[str, object]:
    return {
        "id": str(credential.id),
        "prefix": credential.prefix,
        "role": credential.role,
        "organisation": str(credential.organisation_id) if credential.organisation_id else None,
        "scopes": sorted(credential.principal.permissions),
        "note": credential.note,
        "issued_at": format_instant(credential.issued_at),
        "expires_at": format_instant(credential.expires_at) if credential.expires_at else None,
        "last_used_at": format_instant(credential.last_used_at) if credential.last_used_at else None,
        "revoked_at": format_instant(credential.revoked_at) if credential.revoked_at else None,
    }

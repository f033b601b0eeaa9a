"""`p2c subject`: who has signed in at the OpenID Connect issuer."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import typer

from api.cli.console import AsJson, people, programs, shown, table
from api.cli.failures import Unusable
from api.cli.opening import the_service
from audit.envelope import format_instant
from infrastructure.oidc.subjects import Subject

app = typer.Typer(
    no_args_is_help=True, help="Show, sign out and erase who signed in at the issuer.", rich_markup_mode="rich"
)
Id = Annotated[UUID, typer.Argument(metavar="ID", help="The id, as `p2c subject list` shows it.")]


@app.command("list")
def show(*, as_json: AsJson = False) -> None:
    """List who has signed in, the latest first: personal data, with the ids that the ledger knows them by."""
    with the_service() as service:
        seen = service.subjects.seen()
    if as_json:
        programs([_document(subject) for subject in seen])
        return
    grid = table("id", "subject", "issuer", "first seen", "last used")
    for s in seen:
        grid.add_row(
            str(s.id),
            shown(s.subject),
            shown(s.issuer),
            f"{s.first_seen_at:%Y-%m-%d %H:%M}",
            f"{s.last_used_at:%Y-%m-%d %H:%M}",
        )
    people().print(grid if seen else "Nobody has signed in.")


@app.command("sign-out")
def sign_out(id: Id) -> None:
    """Sign the browsers of somebody out. They can sign in again as long as the issuer lets them."""
    with the_service() as service:
        closed = service.sessions.close_all_of(id)
    people().print(f"Signed {id} out; sessions ended: {closed}." if closed else f"{id} was not signed in.")


@app.command()
def erase(id: Id) -> None:
    """Forget for good who is behind an id. The ledger stays as it is, and every proof holds."""
    with the_service() as service:
        erased = service.subjects.erase(id)
    if not erased:
        raise Unusable(f"Nobody is known by the id {id}.", remedy="`p2c subject list` shows the ids.")
    people().print(f"Nobody can tell any more who {id} is.")


def _document(subject: Subject) -> dict[str, str]:
    return {
        "id": str(subject.id),
        "subject": subject.subject,
        "issuer": subject.issuer,
        "first_seen_at": format_instant(subject.first_seen_at),
        "last_used_at": format_instant(subject.last_used_at),
    }

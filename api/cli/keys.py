"""`p2c key`: the keys that sign checkpoints."""

from __future__ import annotations

from typing import Annotated

import typer

from api.cli.console import AsJson, people, programs, table
from api.cli.failures import Unusable
from api.cli.opening import the_service
from audit.signed_note import SigningKey
from infrastructure.bootstrap import Service
from infrastructure.signing import KeyFile

app = typer.Typer(no_args_is_help=True, help="Show and change the keys that sign checkpoints.", rich_markup_mode="rich")


@app.command("list")
def list_keys(*, as_json: AsJson = False) -> None:
    """List the public keys of the ledger, and which of them sign on this machine."""
    with the_service() as service:
        signing = {key.verifier for key in _file(service).signing_keys()}
        known = service.checkpoints.verifier_keys()
    keys = [*known, *(key for key in sorted(signing, key=str) if key not in known)]
    if as_json:
        programs({"keys": [{"key": str(key), "signs_here": key in signing} for key in keys]})
        return
    shown = table("key", "signs here")
    for key in keys:
        shown.add_row(str(key), "yes" if key in signing else "no")
    people().print(shown)


@app.command()
def rotate() -> None:
    """Make a new signing key. Until `p2c key retire` the old one signs beside it, so that trust can be handed over."""
    with the_service() as service:
        file = _file(service)
        old = file.signing_keys()
        if not old:
            raise Unusable(
                "There is no signing key here yet, so there is none to rotate.",
                remedy="`p2c serve` makes one with the first checkpoint.",
            )
        new = SigningKey.generate(old[0].name)
        file.replace([new, *old])
    people().print(f"{new.verifier} signs from the next checkpoint on, beside {len(old)} other.", soft_wrap=True)


@app.command()
def retire(
    id: Annotated[str, typer.Argument(help="The eight hexadecimal digits that identify the key.")],
) -> None:
    """Let a key sign no longer. What it has signed stays signed, and its public key stays with the ledger."""
    with the_service() as service:
        file = _file(service)
        keys = file.signing_keys()
        staying = [key for key in keys if key.verifier.id.hex() != id.lower()]
        if len(staying) == len(keys):
            raise Unusable(f"No key with the id {id} signs here.", remedy="`p2c key list` shows those that do.")
        if not staying:
            raise Unusable("The only key cannot be retired.", remedy="`p2c key rotate` makes another one first.")
        known = service.checkpoints.verifier_keys()
        if not any(key.verifier in known for key in staying):
            raise Unusable(
                "The other keys have not signed this ledger yet.",
                remedy="Let the service sign a checkpoint with both first, so that trust is handed over.",
            )
        file.replace(staying)
    people().print(f"{id} signs no longer.")


def _file(service: Service) -> KeyFile:
    file = service.signer.key_file
    if file is None:
        raise Unusable("No key file is set up here.", remedy="Name it in P2C_SIGNING_KEY_FILE.")
    return file

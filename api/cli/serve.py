"""`p2c serve`: the register over HTTP, until it is told to stop."""

from __future__ import annotations

import gc
import sys
from contextlib import closing
from typing import Annotated

import structlog
import typer

from api.cli.console import people
from api.cli.listening import Server, address_of, bound_socket, ending_when_told
from api.cli.sample_offer import Offer, offer_the_sample
from infrastructure.bootstrap import open_service
from infrastructure.settings import Settings
from infrastructure.telemetry import log_to_standard_error
from infrastructure.version import p2c_version

COLLECTED_AFTER = (20_000, 20, 50)
"""How many new objects there are before the garbage collector looks at them. What a request makes is mostly gone by
then; looking at every 700, as it does by itself, took a tenth of the rate of commands."""

_log = structlog.stdlib.get_logger("p2c.serve")


def serve(
    *,
    demo: Annotated[
        bool, typer.Option("--demo", help="Load the sample portfolio into an empty ledger, and show tokens to try it.")
    ] = False,
    host: Annotated[str | None, typer.Option(help="Address to listen on, instead of P2C_HOST.")] = None,
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port to listen on, instead of P2C_PORT.")] = None,
) -> None:
    """Serve the register over HTTP until SIGTERM or Ctrl-C, which end what is in flight first (exit code 0).

    Starts its own PostgreSQL unless P2C_DATABASE_URL names a server, and brings the schema to this version.
    Log lines go to standard error: for people on a terminal, as JSON otherwise.
    """
    gc.set_threshold(*COLLECTED_AFTER)
    # The web framework takes half a second to load, which no other command needs.
    from api.http.app import create_app  # noqa: PLC0415
    from api.http.rates import Rates  # noqa: PLC0415
    from api.http.streams import end_streams  # noqa: PLC0415

    settings = Settings.from_environment(host=host, port=port)
    log_to_standard_error(settings.log_level, json=not sys.stderr.isatty())
    with ending_when_told(), closing(bound_socket(settings.host, settings.port)) as listener:
        with open_service(settings) as service:
            if settings.is_reachable_by_others:
                _log.warning("others reach this address: let only a proxy that speaks TLS do so", host=settings.host)
            offer = offer_the_sample(service) if demo else None
            address = address_of(settings.host, settings.port)
            app = create_app(service, rates=Rates(settings.rate_per_address, settings.rate_per_token))
            _keep_for_good()
            server = Server(
                app,
                lambda: _announce(address, offer),
                on_stopping=lambda: end_streams(app),
                trusted_proxies=settings.trusted_proxies,
            )
            server.serve_until_told(listener)
        _log.info("stopped")


def _keep_for_good() -> None:
    """Let the garbage collector pass over what is there: it stays, and a look at all of it stops everybody for long."""
    gc.collect()
    gc.freeze()


def _announce(address: str, offer: Offer | None) -> None:
    _log.info("listening", address=address, version=p2c_version())
    console = people()  # standard error is the log's
    console.print(f"p2c {p2c_version()} listens on [bold]{address}[/]; Ctrl-C stops it.")
    if offer:
        offer.show(console, address)

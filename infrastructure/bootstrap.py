"""The composition root: everything is wired here, and only here."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial

from application.clock import Today
from application.commands import Commands
from application.differences import Differences
from application.good_practices import GoodPractices
from application.ledger import Ledger
from application.progress_reports import ProgressReports
from application.register_import.imports import RegisterImports
from application.reporting_duties import ReportingDuties
from application.snapshots import Snapshots
from audit.envelope import Envelopes
from infrastructure import schema
from infrastructure.append_statements import CHANNEL
from infrastructure.bundles import BundleExports
from infrastructure.checkpoints import Checkpoints
from infrastructure.clock import DatabaseClock
from infrastructure.command_stores import PublishedExchangeRates, StoredReceipts, StoredReferenceNumbers
from infrastructure.contacts import Contacts
from infrastructure.credentials import Credentials
from infrastructure.database import Pool, open_pool
from infrastructure.deputy import Errand, FollowerProcess
from infrastructure.embedded_postgres import EmbeddedPostgres
from infrastructure.event_store import LedgerFactory
from infrastructure.following import Following
from infrastructure.metrics.exposition import Metrics
from infrastructure.metrics.ledger import LedgerMetrics
from infrastructure.metrics.pool import PoolMetrics
from infrastructure.oidc.sign_in import SignIn
from infrastructure.oidc.signed_tokens import SignedTokens, TrustedIssuer
from infrastructure.oidc.subjects import Subjects
from infrastructure.publications import PublishedSnapshots
from infrastructure.read_replica import ReadReplica
from infrastructure.register import LedgerRegister
from infrastructure.register_view import LedgerRegisterView
from infrastructure.sessions import Sessions
from infrastructure.settings import Settings
from infrastructure.signer import CheckpointSigner
from infrastructure.signing import Signing
from infrastructure.version import p2c_version
from infrastructure.webhooks.deliverer import Deliverer
from infrastructure.webhooks.outbox import Outbox
from infrastructure.webhooks.queue import Queue
from infrastructure.webhooks.sending import Sender
from infrastructure.webhooks.subscriptions import Webhooks
from projections.deputy import Deputy
from projections.ledger_entries import LedgerView
from projections.organisations.view import OrganisationsView
from projections.pledge_status.view import PledgeStatusView
from projections.portfolio.view import PortfolioView
from projections.runner import ProjectionRunner
from projections.timeline.changes import TIMELINE
from projections.timeline.channel import ChannelView
from projections.timeline.view import TimelineView
from projections.transparency.changes import TRANSPARENCY
from projections.transparency.view import TransparencyView


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Everything a way in needs, wired together over one pool.

    `projections` is not started: who serves starts it, who runs a single command lets it catch up if need be.
    """

    pool: Pool
    ledger: Ledger
    commands: Commands
    rates: PublishedExchangeRates
    imports: RegisterImports
    credentials: Credentials
    sessions: Sessions
    subjects: Subjects
    signed_tokens: SignedTokens
    sign_in: SignIn | None
    contacts: Contacts
    pledges: PledgeStatusView
    timeline: TimelineView
    channel: ChannelView
    following: Following
    organisations: OrganisationsView
    register: LedgerRegister
    snapshots: Snapshots
    progress_reports: ProgressReports
    reporting_duties: ReportingDuties
    good_practices: GoodPractices
    differences: Differences
    publications: PublishedSnapshots
    projections: ProjectionRunner
    transparency: TransparencyView
    checkpoints: Checkpoints
    signer: CheckpointSigner
    bundles: BundleExports
    metrics: Metrics
    ledger_metrics: LedgerMetrics
    webhooks: Webhooks
    deliverer: Deliverer | None
    replica: ReadReplica | None
    clock: DatabaseClock
    today: Today

    def start(self) -> None:
        """Keep the read models up, sign checkpoints, deliver webhooks, watch the clock, in threads until `stop`."""
        self.clock.start()
        self.projections.start()

        def grown(size: int, seconds: float) -> bool:
            return self.projections.wait_until(size, seconds, TRANSPARENCY.name)

        def is_ours() -> bool:
            return self.projections.leading

        self.signer.start(grown, is_ours)
        if self.deliverer:
            self.deliverer.start(is_ours, lambda: self.projections.told(TIMELINE.name))

    def stop(self) -> None:
        """End all of them."""
        if self.deliverer:
            self.deliverer.stop()
        self.signer.stop()
        self.projections.stop()
        self.clock.stop()
        self.ledger.stop()


@contextmanager
def open_service(settings: Settings) -> Iterator[Service]:
    """The service on the database the settings name, its schema brought to this version."""
    with ExitStack() as stack:
        conninfo = stack.enter_context(database(settings))
        yield stack.enter_context(
            open_on(
                conninfo,
                signing=Signing.of(settings),
                issuer=TrustedIssuer.of(settings),
                replica=settings.read_replica_url,
                deliver=settings.webhooks == "on",
                private_webhooks=settings.webhooks_private == "on",
                deputy=partial(_deputy, conninfo, settings),
            )
        )


def _deputy(conninfo: str, settings: Settings, role: str | None) -> FollowerProcess:
    return FollowerProcess(
        Errand(conninfo=conninfo, role=role, log_level=settings.log_level, log_as_json=not sys.stderr.isatty())
    )


@contextmanager
def database(settings: Settings) -> Iterator[str]:
    """The connection string of the configured server, or of the private one, which is started for it."""
    if settings.database_url:
        yield settings.database_url
        return
    with EmbeddedPostgres.start(settings.data_dir) as server:
        yield server.conninfo


@contextmanager
def open_on(
    conninfo: str,
    *,
    signing: Signing | None = None,
    issuer: TrustedIssuer | None = None,
    today: Today | None = None,
    replica: str | None = None,
    deliver: bool = False,
    private_webhooks: bool = False,
    deputy: Callable[[str | None], Deputy] | None = None,
) -> Iterator[Service]:
    """The service on this database, its schema brought to this version.

    Without `signing` it signs nothing; without `issuer` it takes no tokens but its own, and nobody signs in elsewhere;
    without `today` the day is that of the database's clock; what may be read on a `replica` is read there, if one is
    given. While there is much to follow, read models are followed by the `deputy` that is made for the role which the
    service works as; without one, always by a thread. Without `deliver` it sends nothing to webhooks, which with
    `private_webhooks` may lead to this machine and into closed networks.
    """
    schema.apply(conninfo)
    role = schema.service_role(conninfo)
    with ExitStack() as stack:
        pool = stack.enter_context(open_pool(conninfo, role=role))
        standby = stack.enter_context(open_pool(replica, role=role, name="p2c-replica")) if replica else None
        service = wire(
            pool,
            signing=signing,
            issuer=issuer,
            today=today,
            standby=standby,
            deliver=deliver,
            private_webhooks=private_webhooks,
            deputy=deputy(role) if deputy else None,
        )
        service.projections.prepare()
        try:
            yield service
        finally:
            service.stop()


def wire(
    pool: Pool,
    *,
    signing: Signing | None = None,
    issuer: TrustedIssuer | None = None,
    today: Today | None = None,
    standby: Pool | None = None,
    deliver: bool = False,
    private_webhooks: bool = False,
    deputy: Deputy | None = None,
) -> Service:
    """The service over this pool, whose database has the schema already, and that of a standby to read from."""
    clock = DatabaseClock(pool)
    clock.measure()
    today = today or clock.today
    checkpoints = Checkpoints(pool)
    keys = signing.key_file(checkpoints.ledger_id()) if signing else None
    envelopes, metrics = Envelopes(), Metrics(p2c_version())
    entries_signed = keys.entries_signed if keys else lambda: 0
    ledger = Ledger(LedgerFactory(pool, envelopes, metrics.appends, entries_signed), envelopes)
    subjects = Subjects(pool)
    signed_tokens = SignedTokens(issuer, subjects)
    rates = PublishedExchangeRates(pool)
    references = StoredReferenceNumbers(pool)
    projections = ProjectionRunner(pool, envelopes, channel=CHANNEL, deputy=deputy)
    teller = ProjectionRunner(pool, envelopes, channel=CHANNEL, models=[TRANSPARENCY])
    tree, publications = TransparencyView(pool), PublishedSnapshots(pool, envelopes)
    signer = CheckpointSigner(pool, keys, signing.origin if signing else None)
    replica = ReadReplica(pool, standby, checkpoints.ledger_id(), projections.wait_until) if standby else None
    reads, wait_until = replica or pool, replica.wait_until if replica else projections.wait_until
    queue = Queue(pool)
    ledger_metrics = LedgerMetrics(ledger, projections, checkpoints, signer, clock, replica, queue)
    metrics.watch(PoolMetrics(pool), ledger_metrics)
    pledges, organisations = PledgeStatusView(reads), OrganisationsView(reads)
    register = LedgerRegister(
        pool, LedgerView(reads, envelopes), pledges, organisations, PortfolioView(reads), tree, wait_until
    )
    channel = ChannelView(reads)

    def told(position: int, seconds: float) -> bool:
        return projections.wait_until(position, seconds, TIMELINE.name)

    return Service(
        pool=pool,
        ledger=ledger,
        commands=Commands(ledger, StoredReceipts(pool), references, rates, today),
        rates=rates,
        imports=RegisterImports(ledger, LedgerRegisterView(pool, envelopes), references, rates, today),
        credentials=Credentials(pool),
        sessions=Sessions(pool),
        subjects=subjects,
        signed_tokens=signed_tokens,
        sign_in=SignIn(issuer, signed_tokens, pool) if issuer else None,
        contacts=Contacts(pool),
        pledges=pledges,
        timeline=TimelineView(reads),
        channel=channel,
        following=Following(channel, told, lambda: projections.leading and replica is None),
        organisations=organisations,
        register=register,
        snapshots=Snapshots(register),
        progress_reports=ProgressReports(register),
        reporting_duties=ReportingDuties(register),
        good_practices=GoodPractices(register),
        differences=Differences(register),
        publications=publications,
        projections=projections,
        transparency=tree,
        checkpoints=checkpoints,
        signer=signer,
        bundles=BundleExports(pool, teller, tree, checkpoints, signer, publications),
        metrics=metrics,
        ledger_metrics=ledger_metrics,
        webhooks=Webhooks(pool, private=private_webhooks),
        deliverer=Deliverer(Outbox(pool, ledger, envelopes), queue, Sender(private=private_webhooks), metrics.webhooks)
        if deliver
        else None,
        replica=replica,
        clock=clock,
        today=today,
    )

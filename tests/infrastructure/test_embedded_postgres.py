import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from infrastructure.embedded_postgres import (
    POSTGRES_MAJOR,
    EmbeddedPostgres,
    EmbeddedPostgresError,
    WrongPostgresVersion,
)
from tests.postgres_server import kill_with_children

pytestmark = pytest.mark.database

PATIENCE_SECONDS = 30

# Another process that uses the folder: says so, then waits to be told to end, or to be killed.
USER_OF_THE_FOLDER = """
import sys
from pathlib import Path
from infrastructure.embedded_postgres import EmbeddedPostgres
with EmbeddedPostgres.start(Path(sys.argv[1])) as server:
    print(server.conninfo, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def data_dir() -> Iterator[Path]:
    """A folder with a database in it and no server running; shared, since making it is what takes time."""
    with tempfile.TemporaryDirectory(prefix="p2c-embedded-") as folder:
        EmbeddedPostgres.start(Path(folder)).stop()
        yield Path(folder)


@pytest.fixture
def other_process() -> Iterator[Callable[[Path], subprocess.Popen[str]]]:
    """Starts processes that use a folder, and ends those still there."""
    started: list[subprocess.Popen[str]] = []

    def start(data_dir: Path) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", USER_OF_THE_FOLDER, str(data_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=Path(__file__).parents[2],
        )
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline(), "the other process did not get its server"
        return process

    yield start
    for process in started:
        process.communicate()


def postmaster(data_dir: Path) -> psutil.Process:
    return psutil.Process(int((data_dir / "postgres" / "postmaster.pid").read_text().splitlines()[0]))


def value(conninfo: str, query: str) -> object:
    with psycopg.connect(conninfo) as connection:
        row = connection.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def kill(*processes: psutil.Process) -> None:
    for process in processes:
        process.send_signal(signal.SIGKILL)
    psutil.wait_procs(processes, timeout=PATIENCE_SECONDS)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.05)


def value_again(conninfo: str, query: str) -> object:
    """What a server answers as soon as it does."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return value(conninfo, query)
        except psycopg.OperationalError:
            assert time.monotonic() < deadline, "the server did not come back"
            time.sleep(0.05)


def test_the_server_sorts_and_stores_text_the_same_on_every_machine(data_dir: Path) -> None:
    with EmbeddedPostgres.start(data_dir) as server, psycopg.connect(server.conninfo) as connection:
        database = connection.execute(
            "SELECT pg_encoding_to_char(encoding), datlocprovider::text, datlocale FROM pg_database"
            " WHERE datname = current_database()"
        ).fetchone()

    assert database == ("UTF8", "b", "C.UTF-8")


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("fsync", "on"),
        ("full_page_writes", "on"),
        ("synchronous_commit", "on"),
        ("data_checksums", "on"),
        ("listen_addresses", ""),
        ("shared_buffers", "128MB"),
        ("max_connections", "100"),
        ("TimeZone", "UTC"),
    ],
)
def test_the_server_is_durable_small_and_closed_to_the_network(
    setting: str, expected: str, postgres: EmbeddedPostgres
) -> None:
    assert value(postgres.conninfo, f"SHOW {setting}") == expected


def test_the_server_is_of_the_pinned_version(postgres: EmbeddedPostgres) -> None:
    assert str(value(postgres.conninfo, "SHOW server_version")).split(".")[0] == str(POSTGRES_MAJOR)


def test_only_the_owner_may_enter_the_folder_of_the_socket(postgres: EmbeddedPostgres) -> None:
    sockets = Path(str(conninfo_to_dict(postgres.conninfo)["host"]))

    assert sockets.stat().st_mode & 0o077 == 0
    assert (sockets / ".s.PGSQL.5432").is_socket()


def test_what_was_stored_is_there_after_a_restart(data_dir: Path) -> None:
    with EmbeddedPostgres.start(data_dir) as server, psycopg.connect(server.conninfo) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 17 AS answer")

    with EmbeddedPostgres.start(data_dir) as server:
        assert value(server.conninfo, "SELECT answer FROM kept") == 17


def test_a_second_process_finds_the_server_running(
    data_dir: Path, other_process: Callable[[Path], subprocess.Popen[str]]
) -> None:
    with EmbeddedPostgres.start(data_dir):
        before = postmaster(data_dir)
        other_process(data_dir)

        assert postmaster(data_dir) == before


def test_users_that_start_at_once_share_one_server() -> None:
    with tempfile.TemporaryDirectory(prefix="p2c-embedded-") as folder, ThreadPoolExecutor(4) as pool:
        servers = list(pool.map(EmbeddedPostgres.start, [Path(folder)] * 4))
        started = {value(server.conninfo, "SELECT pg_postmaster_start_time()") for server in servers}
        stopped = list(pool.map(EmbeddedPostgres.stop, servers))

    assert len(started) == 1
    assert sorted(stopped) == [False, False, False, True]


def test_the_server_stops_only_when_its_last_user_has_gone(
    data_dir: Path, other_process: Callable[[Path], subprocess.Popen[str]]
) -> None:
    first = EmbeddedPostgres.start(data_dir)
    second = other_process(data_dir)

    assert first.stop() is False
    assert postmaster(data_dir).is_running()

    second.communicate()
    assert not (data_dir / "postgres" / "postmaster.pid").exists()


def test_a_killed_user_does_not_keep_the_server_running(
    data_dir: Path, other_process: Callable[[Path], subprocess.Popen[str]]
) -> None:
    survivor = EmbeddedPostgres.start(data_dir)
    kill(psutil.Process(other_process(data_dir).pid))

    assert survivor.stop() is True


def test_a_process_that_forgets_to_stop_the_server_stops_it_at_its_end(data_dir: Path) -> None:
    forgetful = (
        "import sys; from pathlib import Path; from infrastructure.embedded_postgres import EmbeddedPostgres;"
        "EmbeddedPostgres.start(Path(sys.argv[1]))"
    )
    subprocess.run([sys.executable, "-c", forgetful, str(data_dir)], check=True, cwd=Path(__file__).parents[2])

    assert not (data_dir / "postgres" / "postmaster.pid").exists()


def test_stopping_twice_is_harmless(data_dir: Path) -> None:
    server = EmbeddedPostgres.start(data_dir)

    assert server.stop() is True
    assert server.stop() is False


def test_committed_data_survives_the_killing_of_everything(
    data_dir: Path, other_process: Callable[[Path], subprocess.Popen[str]]
) -> None:
    service = other_process(data_dir)
    with (
        EmbeddedPostgres.start(data_dir) as server,
        psycopg.connect(server.conninfo, autocommit=True) as connection,
    ):
        connection.execute("CREATE TABLE survivor AS SELECT 17 AS answer")
        server_process = postmaster(data_dir)
        kill(psutil.Process(service.pid), server_process, *server_process.children())

    with EmbeddedPostgres.start(data_dir) as server:
        assert value(server.conninfo, "SELECT answer FROM survivor") == 17


@pytest.mark.parametrize("name", ["near", "far" * 40])
def test_a_server_that_ends_under_its_users_is_started_again_at_the_same_address(
    name: str, other_process: Callable[[Path], subprocess.Popen[str]]
) -> None:
    with tempfile.TemporaryDirectory(prefix="p2c-embedded-") as folder:
        data_dir = Path(folder) / name
        with EmbeddedPostgres.start(data_dir) as server:
            service = other_process(data_dir)
            ended = postmaster(data_dir)
            kill_with_children(ended)
            assert value_again(server.conninfo, "SELECT 1") == 1
            assert postmaster(data_dir) != ended
            with EmbeddedPostgres.start(data_dir) as newcomer:
                assert newcomer.conninfo == server.conninfo
            service.communicate()
            assert server.stop() is True
            assert not (data_dir / "postgres" / "postmaster.pid").exists()


def test_a_server_that_cannot_be_started_again_is_tried_until_it_can(data_dir: Path) -> None:
    configuration = data_dir / "postgres" / "postgresql.conf"
    working = configuration.read_text()
    with EmbeddedPostgres.start(data_dir) as server:
        configuration.write_text(working + "\nshared_buffers = 'plenty'\n")
        try:
            kill_with_children(postmaster(data_dir))
            log = data_dir / "postgres" / "server.log"
            until(lambda: log.read_text().count("shared_buffers") > 0)
        finally:
            configuration.write_text(working)
        assert value_again(server.conninfo, "SELECT 1") == 1


def test_a_use_can_end_while_the_server_cannot_be_started_again(data_dir: Path) -> None:
    configuration = data_dir / "postgres" / "postgresql.conf"
    working = configuration.read_text()
    server = EmbeddedPostgres.start(data_dir)
    configuration.write_text(working + "\nshared_buffers = 'plenty'\n")
    try:
        kill_with_children(postmaster(data_dir))
        assert server.stop() is True
    finally:
        configuration.write_text(working)


def test_the_folder_for_the_socket_keeps_its_name_unless_it_cannot() -> None:
    with tempfile.TemporaryDirectory(prefix="p2c-embedded-") as folder:
        far = Path(folder) / ("far" * 40)
        with EmbeddedPostgres.start(far) as server:
            first = Path(str(conninfo_to_dict(server.conninfo)["host"]))
        with EmbeddedPostgres.start(far) as server:
            assert conninfo_to_dict(server.conninfo)["host"] == str(first)
        first.mkdir(mode=0o777)
        first.chmod(0o777)
        try:
            with EmbeddedPostgres.start(far) as server:
                assert conninfo_to_dict(server.conninfo)["host"] != str(first), "it is not private"
        finally:
            first.rmdir()
        link = far / "postgres.sockets"
        link.unlink()
        link.symlink_to(Path(folder) / "gone" / "p2c-folder")
        with EmbeddedPostgres.start(far) as server:
            assert value(server.conninfo, "SELECT 1") == 1


def test_a_server_that_died_a_moment_ago_is_replaced(data_dir: Path) -> None:
    with EmbeddedPostgres.start(data_dir):
        # Not waited for: the next start may still see it.
        postmaster(data_dir).send_signal(signal.SIGKILL)

        with EmbeddedPostgres.start(data_dir) as server:
            assert value(server.conninfo, "SELECT 1") == 1


def test_the_children_of_a_killed_server_are_waited_for(data_dir: Path) -> None:
    log = data_dir / "postgres" / "server.log"
    with EmbeddedPostgres.start(data_dir) as server, psycopg.connect(server.conninfo) as connection:
        child = psutil.Process(connection.info.backend_pid)
        child.suspend()
        kill(postmaster(data_dir))
        seen_before = log.read_text().count("pre-existing shared memory block")
        with ThreadPoolExecutor(1) as pool:
            successor = pool.submit(EmbeddedPostgres.start, data_dir)
            while not successor.done() and log.read_text().count("pre-existing shared memory block") == seen_before:
                time.sleep(0.01)
            assert not successor.done()
            child.kill()
            with successor.result(PATIENCE_SECONDS) as server_again:
                assert value(server_again.conninfo, "SELECT 1") == 1


def test_a_killed_server_leaves_no_lasting_obstacle_when_its_process_id_was_given_to_another(
    data_dir: Path,
) -> None:
    with EmbeddedPostgres.start(data_dir):
        pid_file = data_dir / "postgres" / "postmaster.pid"
        owner, of_killed_server = pid_file.stat(), pid_file.read_text()
    stranger_options = {"user": owner.st_uid} if os.geteuid() == 0 else {}
    stranger = subprocess.Popen(["sleep", "600"], **stranger_options)  # type: ignore[call-overload]
    try:
        pid_file.write_text("\n".join([str(stranger.pid), *of_killed_server.splitlines()[1:]]) + "\n")
        os.chown(pid_file, owner.st_uid, owner.st_gid)

        with EmbeddedPostgres.start(data_dir) as server:
            assert value(server.conninfo, "SELECT 1") == 1
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_server_that_is_still_starting_is_waited_for(data_dir: Path) -> None:
    with EmbeddedPostgres.start(data_dir):
        pid_file = data_dir / "postgres" / "postmaster.pid"
        ready = pid_file.read_text()
        pid_file.write_text(ready.replace("ready   ", "starting"))
        with ThreadPoolExecutor(1) as pool:
            second = pool.submit(EmbeddedPostgres.start, data_dir)
            time.sleep(0.3)
            assert not second.done()
            pid_file.write_text(ready)
            assert second.result(PATIENCE_SECONDS).stop() is False


@pytest.mark.parametrize("name", ["far" * 40, "with spaces, 'quotes' and $HOME"])
def test_any_path_will_do(name: str) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="p2c-embedded-") as folder,
        EmbeddedPostgres.start(Path(folder) / name) as server,
    ):
        sockets = Path(str(value(server.conninfo, "SHOW unix_socket_directories")).strip('"'))
        assert sockets.stat().st_mode & 0o077 == 0
        server.stop()
        assert not (sockets / ".s.PGSQL.5432").exists()


def test_the_short_folder_for_the_socket_of_a_far_folder_goes_with_the_server() -> None:
    with tempfile.TemporaryDirectory(prefix="p2c-embedded-") as folder:
        with EmbeddedPostgres.start(Path(folder) / ("far" * 40)) as server:
            sockets = Path(str(value(server.conninfo, "SHOW unix_socket_directories")).strip('"'))
            assert not sockets.is_relative_to(folder)
        assert not sockets.exists()


def test_a_folder_of_another_major_version_is_refused_by_both_versions_names(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("16\n")

    with pytest.raises(WrongPostgresVersion, match=rf"PostgreSQL 16\b.*PostgreSQL {POSTGRES_MAJOR}\b"):
        EmbeddedPostgres.start(tmp_path)


def test_a_folder_that_is_no_data_folder_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "letter.txt").write_text("Dear")

    with pytest.raises(EmbeddedPostgresError, match="not a PostgreSQL data folder"):
        EmbeddedPostgres.start(tmp_path)
    assert (tmp_path / "postgres" / "letter.txt").read_text() == "Dear"


def test_a_creation_that_was_interrupted_is_begun_again() -> None:
    with tempfile.TemporaryDirectory(prefix="p2c-embedded-") as folder:
        unfinished = Path(folder) / "postgres.unfinished"
        unfinished.mkdir()
        (unfinished / "PG_VERSION").write_text(f"{POSTGRES_MAJOR}\n")

        with EmbeddedPostgres.start(Path(folder)) as server:
            assert value(server.conninfo, "SELECT 1") == 1
        assert not unfinished.exists()


def test_a_server_that_cannot_start_says_why_and_is_not_left_half_used(data_dir: Path) -> None:
    configuration = data_dir / "postgres" / "postgresql.conf"
    working = configuration.read_text()
    configuration.write_text(working + "\nshared_buffers = 'plenty'\n")
    try:
        with pytest.raises(EmbeddedPostgresError, match="shared_buffers"):
            EmbeddedPostgres.start(data_dir)
    finally:
        configuration.write_text(working)

    assert EmbeddedPostgres.start(data_dir).stop() is True


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to somebody")
def test_a_folder_that_root_brought_is_given_to_the_servers_user_and_one_of_somebody_elses_is_not() -> None:
    with tempfile.TemporaryDirectory(prefix="p2c-brought-") as folder:
        EmbeddedPostgres.start(Path(folder)).stop()
        cluster = Path(folder) / "postgres"
        servers_user = cluster.stat().st_uid

        give(cluster, 0)
        EmbeddedPostgres.start(Path(folder)).stop()
        assert {path.stat().st_uid for path in (cluster, *cluster.rglob("*"))} == {servers_user}

        give(cluster, servers_user + 1)
        with pytest.raises(EmbeddedPostgresError):
            EmbeddedPostgres.start(Path(folder))
        assert {path.stat().st_uid for path in (cluster, *cluster.rglob("*"))} == {servers_user + 1}


def give(folder: Path, user: int) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user, -1)


def test_libpq_variables_meant_for_other_servers_do_not_reach_this_one(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPORT", "6543")
    monkeypatch.setenv("PGHOST", "db.example")
    monkeypatch.setenv("PGDATABASE", "elsewhere")

    with EmbeddedPostgres.start(data_dir) as server:
        assert value(server.conninfo, "SELECT current_database()") == "p2c"


def test_each_test_gets_a_database_of_its_own(empty_database: str, postgres: EmbeddedPostgres) -> None:
    tables = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace"

    assert value(empty_database, tables) == 0
    assert value(empty_database, "SELECT current_database()") != value(postgres.conninfo, "SELECT current_database()")


def test_an_empty_pid_file_is_looked_at_again_before_it_is_believed(data_dir: Path) -> None:
    with EmbeddedPostgres.start(data_dir):
        pid_file = data_dir / "postgres" / "postmaster.pid"
        ready = pid_file.read_text()
        pid_file.write_text("")
        with ThreadPoolExecutor(1) as pool:
            second = pool.submit(EmbeddedPostgres.start, data_dir)
            time.sleep(0.2)
            pid_file.write_text(ready)
            assert second.result(PATIENCE_SECONDS).stop() is False

"""What the commands answer, refuse and say, on a real database."""

import json
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from rich.text import Text
from typer.testing import Result

from api.cli.failures import words_for
from application.commands import Request
from application.ledger import LedgerBusy
from application.sample.story import BDT, organisation_id
from domain.organisation import Register
from domain.vocabulary import Role, Sector
from infrastructure.bootstrap import open_on
from infrastructure.schema import steps
from infrastructure.version import p2c_version
from projections.pledge_status.filters import PledgeFilters
from tests.api.cli.conftest import Run

LAKESIDE = "P2C-2022-000001"
BEFORE_ALL = "2000-01-01"


def told(answer: Result) -> str:
    """Standard error in one line, without colours."""
    return " ".join(Text.from_ansi(answer.stderr).plain.split())


class TestEveryCommand:
    def test_says_its_version(self, run: Run) -> None:
        assert run("--version").stdout.strip() == f"p2c {p2c_version()}"

    def test_used_wrongly_gives_exit_code_2(self, run: Run) -> None:
        assert run("serve", "--no-such-option").exit_code == 2
        assert run("no-such-command").exit_code == 2

    def test_names_a_wrong_setting_and_what_to_do(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("P2C_PORT", "eighty")

        answer = run("demo")

        assert answer.exit_code == 1
        assert "P2C_PORT" in told(answer)
        assert "Traceback" not in answer.output

    def test_says_that_the_database_is_away(self, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("P2C_DATABASE_URL", "postgresql://nobody:s3cret@127.0.0.1:1/p2c")

        answer = run("token", "list")

        assert answer.exit_code == 1
        assert "The database does not answer" in told(answer)
        assert "P2C_DATABASE_URL" in told(answer)
        assert "s3cret" not in answer.output

    def test_does_not_touch_a_database_of_a_newer_version(self, on_empty: Run, empty_database: str) -> None:
        make_newer(empty_database)

        answer = on_empty("demo")

        assert answer.exit_code == 1
        assert "run the newer version" in told(answer)

    def test_says_what_the_database_forbids(
        self, run: Run, empty_database: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        role = f"{conninfo_to_dict(empty_database)['dbname']}_guest"
        with psycopg.connect(empty_database, autocommit=True) as owner:
            owner.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
            monkeypatch.setenv("P2C_DATABASE_URL", make_conninfo(empty_database, user=role))

            answer = run("schema", "apply")
            owner.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(role)))

        assert answer.exit_code == 1
        assert "The database forbids it" in told(answer)

    def test_says_that_the_ledger_is_busy(self) -> None:
        words = words_for(LedgerBusy("no turn came in time"))

        assert words
        assert "Try again" in words[1]

    def test_says_that_the_disk_is_full_and_not_that_the_database_is_away(self) -> None:
        words = words_for(psycopg.errors.DiskFull("could not extend file"))

        assert words
        assert "no room left" in words[0]

    def test_shows_an_unexpected_failure_as_what_it_is(self) -> None:
        assert words_for(ZeroDivisionError()) is None


class TestDemo:
    def test_loads_the_sample_once(self, on_empty: Run, empty_database: str) -> None:
        first, again = on_empty("demo", "--json"), on_empty("demo", "--json")

        assert (first.exit_code, again.exit_code) == (0, 0)
        assert json.loads(first.stdout)["events"] > 400
        assert json.loads(again.stdout)["events"] == 0
        assert "nothing was added" in on_empty("demo").stdout
        with open_on(empty_database) as service:
            assert service.projections.status()["pledge_status"].position == service.ledger.position

    def test_leaves_a_ledger_with_anything_else_alone(self, on_empty: Run, empty_database: str) -> None:
        register_somebody(empty_database)

        answer = on_empty("demo")

        assert answer.exit_code == 1
        assert "holds more than the sample" in told(answer)


class TestReplay:
    def test_tells_a_whole_life(self, on_sample: Run) -> None:
        answer = on_sample("replay", LAKESIDE)

        assert answer.exit_code == 0
        assert "Sample: Every public school on the lake online" in answer.stdout
        assert "by stakeholder for Lakeside Digital Authority (sample)" in answer.stdout
        assert "Corrected the contribution c2" in answer.stdout
        assert "changed contributions: +c4 -c2" in answer.stdout
        assert "then fulfilled, scaled up; schools 1,405 of 1,380 schools connected (101.81 %)" in answer.stdout

    def test_tells_programs_every_step_with_the_state_after_it(self, on_sample: Run) -> None:
        life = json.loads(on_sample("replay", LAKESIDE, "--json").stdout)

        assert [step["version"] for step in life["steps"]] == list(range(1, len(life["steps"]) + 1))
        assert life["steps"][0]["type"] == "pledge.announced.v1"
        assert life["steps"][0]["actor"]["organisation_name"] == "Lakeside Digital Authority (sample)"
        assert life["steps"][1]["changes"]["validated_on"] == {"before": None, "after": "2022-07-11"}
        assert life["steps"][-1]["state"]["lifecycle"] == "fulfilled"
        assert life["steps"][-1]["state"]["targets"][0]["delivered"] == "1405"

    def test_names_an_organisation_as_it_was_called_then(self, on_sample: Run, sample_database: str) -> None:
        page = on_sample("replay", reference_of("Mentors across", sample_database), "--json")
        names = [step["actor"]["organisation_name"] for step in json.loads(page.stdout)["steps"]]

        assert "Apricot and Pomegranate Youth Network (sample)" in names

    def test_stops_after_a_version(self, on_sample: Run) -> None:
        assert versions(on_sample("replay", LAKESIDE, "--until", "3", "--json")) == [1, 2, 3]

    @pytest.mark.parametrize("form", ["@{}", "position:{}"])
    def test_stops_after_a_position(self, form: str, on_sample: Run) -> None:
        fourth = json.loads(on_sample("replay", LAKESIDE, "--json").stdout)["steps"][3]["position"]

        assert versions(on_sample("replay", LAKESIDE, "--until", form.format(fourth), "--json")) == [1, 2, 3, 4]

    def test_stops_at_the_end_of_a_day_or_at_an_instant_of_recorded_time(self, on_sample: Run) -> None:
        steps = json.loads(on_sample("replay", LAKESIDE, "--json").stdout)["steps"]
        recorded = steps[4]["recorded_at"]

        assert versions(on_sample("replay", LAKESIDE, "--until", recorded, "--json")) == [1, 2, 3, 4, 5]
        assert len(versions(on_sample("replay", LAKESIDE, "--until", steps[-1]["recorded_at"][:10], "--json"))) > 4
        assert versions(on_sample("replay", LAKESIDE, "--until", BEFORE_ALL, "--json")) == []
        assert "Nothing had happened" in on_sample("replay", LAKESIDE, "--until", BEFORE_ALL).stdout

    def test_takes_only_what_was_true_by_a_day(self, on_sample: Run) -> None:
        steps = json.loads(on_sample("replay", LAKESIDE, "--effective-on", "2023-01-20", "--json").stdout)["steps"]

        assert max(step["effective_on"] for step in steps) == "2023-01-20"

    @pytest.mark.parametrize("point", ["yesterday", "2026-11-20T12:00:00", "@", "-3"])
    def test_refuses_a_point_it_does_not_understand(self, point: str, on_sample: Run) -> None:
        assert on_sample("replay", LAKESIDE, "--until", point).exit_code == 2

    def test_offers_what_resembles_an_unknown_reference(self, on_sample: Run) -> None:
        answer = on_sample("replay", "p2c-2022-00001")

        assert answer.exit_code == 1
        assert f"Did you mean {LAKESIDE}" in told(answer)


class TestRebuild:
    def test_builds_the_named_read_models_and_leaves_the_ledger(self, on_sample: Run) -> None:
        answer = on_sample("rebuild", "timeline", "pledge_status")

        assert (answer.exit_code, answer.stdout) == (0, "Rebuilt timeline, pledge_status.\n")
        assert answer.stderr == "", "no bar where nobody looks"

    def test_builds_all_of_them(self, on_sample: Run) -> None:
        assert "organisations" in on_sample("rebuild", "--all").stdout

    @pytest.mark.parametrize("arguments", [[], ["no_such_model"], ["timeline", "--all"]])
    def test_wants_known_names_or_all(self, arguments: list[str], on_sample: Run) -> None:
        assert on_sample("rebuild", *arguments).exit_code == 2


class TestToken:
    def test_is_printed_alone_and_once_and_works(self, on_empty: Run, empty_database: str) -> None:
        answer = on_empty("token", "issue", "--role", "bdt", "--note", "validation desk")
        token = answer.stdout.strip()

        assert re.fullmatch(r"p2c_[\w-]{43}", token)
        assert "not shown again" in told(answer)
        with open_on(empty_database) as service:
            credential = service.credentials.authenticate(token)
            assert credential
            assert (credential.role, credential.note) == (Role.BDT, "validation desk")
        assert token not in on_empty("token", "list").stdout

    def test_of_a_stakeholder_needs_an_organisation_that_exists(self, on_sample: Run) -> None:
        known, unknown = str(organisation_id("baobab-mobile")), "00000000-0000-0000-0000-000000000000"

        assert on_sample("token", "issue", "--role", "stakeholder").exit_code == 2
        refused = on_sample("token", "issue", "--role", "stakeholder", "--organisation", unknown)
        assert (refused.exit_code, refused.stdout) == (1, "")
        assert unknown in told(refused)
        assert on_sample("token", "issue", "--role", "stakeholder", "--organisation", known).exit_code == 0
        assert "Baobab and Sons Mobile (sample)" in on_sample("token", "list").stdout

    def test_of_the_public_is_refused(self, on_empty: Run) -> None:
        assert on_empty("token", "issue", "--role", "public").exit_code == 2

    def test_is_good_until_the_end_of_the_day_it_expires_on(self, on_empty: Run) -> None:
        today, yesterday = datetime.now(UTC).date(), datetime.now(UTC).date() - timedelta(days=1)

        document = json.loads(on_empty("token", "issue", "--role", "bdt", "--expires", str(today), "--json").stdout)

        assert document["expires_at"] == f"{today + timedelta(days=1)}T00:00:00.000000Z"
        assert on_empty("token", "issue", "--role", "bdt", "--expires", str(yesterday)).exit_code == 2

    def test_is_worthless_when_revoked_by_the_beginning_of_its_id(self, on_empty: Run, empty_database: str) -> None:
        document = json.loads(on_empty("token", "issue", "--role", "admin", "--json").stdout)
        with open_on(empty_database) as service:
            session = service.sessions.open_with_token(document["token"])
            assert session
            assert service.sessions.find(session)

        revoked, again = (on_empty("token", "revoke", document["id"][:8]) for _ in range(2))

        assert (revoked.exit_code, again.exit_code) == (0, 0)
        assert "already" in again.stdout
        assert json.loads(on_empty("token", "list", "--json").stdout)[0]["revoked_at"]
        with open_on(empty_database) as service:
            assert service.credentials.authenticate(document["token"]) is None
            assert service.sessions.find(session) is None, "whoever signed in with it is signed out"

    def test_to_revoke_must_be_the_only_one(self, on_empty: Run) -> None:
        assert "No token's id begins" in told(on_empty("token", "revoke", "f"))
        for _ in range(17):  # more tokens than there are first digits
            on_empty("token", "issue", "--role", "bdt")
        ids = [c["id"] for c in json.loads(on_empty("token", "list", "--json").stdout)]
        shared = next(id[0] for id in ids if sum(other[0] == id[0] for other in ids) > 1)

        answer = on_empty("token", "revoke", shared)

        assert answer.exit_code == 1
        assert "tokens begin" in told(answer)


class TestRates:
    def test_are_published_and_listed(self, on_empty: Run, tmp_path: Path) -> None:
        file = write(tmp_path, "EUR,2026-11,1.1502,UN operational rate", "kes,2026-10-01,0.00773,UN operational rate")

        published, again = on_empty("rates", "publish", file), on_empty("rates", "publish", file)

        assert (published.exit_code, again.exit_code) == (0, 0)
        assert json.loads(on_empty("rates", "list", "--json").stdout)[0] == {
            "currency": "EUR",
            "month": "2026-11",
            "rate": "1.1502",
            "source": "UN operational rate",
        }
        assert "EUR" not in on_empty("rates", "list", "--currency", "kes").stdout

    def test_once_published_stay(self, on_empty: Run, tmp_path: Path) -> None:
        on_empty("rates", "publish", write(tmp_path, "EUR,2026-11,1.15,UN"))

        answer = on_empty("rates", "publish", write(tmp_path, "EUR,2026-11,1.16,UN", "KES,2026-11,0.0077,UN"))

        assert answer.exit_code == 1
        assert "EUR of 2026-11" in told(answer)
        assert "KES" not in on_empty("rates", "list").stdout

    def test_are_refused_with_every_fault_by_line_and_column(self, on_empty: Run, tmp_path: Path) -> None:
        lines = ["XXX,2026-11,1,UN", "EUR,November,1,UN", "EUR,2026-11,-1,UN", "EUR,2026-11,one,UN", "EUR,2026-11,1,"]
        lines += [
            "USD,2026-11,1,UN",
            "GBP,2026-11,1.1234567890123,UN",
            "JPY,2026-11,0.0066,UN",
            "JPY,2026-11,0.0067,UN",
        ]

        answer = on_empty("rates", "publish", write(tmp_path, *lines))

        assert answer.exit_code == 1
        faults = re.findall(r"line (\d+), (\w+):", told(answer))
        assert faults == [
            ("2", "currency"),
            ("3", "month"),
            ("4", "rate"),
            ("5", "rate"),
            ("6", "source"),
            ("7", "currency"),
            ("8", "rate"),
            ("10", "month"),
        ]
        assert "No rate has been published." in on_empty("rates", "list").stdout

    def test_need_their_columns(self, on_empty: Run, tmp_path: Path) -> None:
        (tmp_path / "rates.csv").write_text("currency,rate\nEUR,1\n")

        answer = on_empty("rates", "publish", str(tmp_path / "rates.csv"))

        assert answer.exit_code == 1
        assert "lacks the columns month, source" in told(answer)


class TestSchema:
    def test_is_shown_without_being_applied_and_applied_once(self, on_empty: Run) -> None:
        pending = on_empty("schema", "--json")

        assert pending.exit_code == 1
        assert [step["number"] for step in json.loads(pending.stdout)["pending"]] == [step.number for step in steps()]
        assert on_empty("schema").exit_code == 1
        assert "Applied 0001_ledger" in on_empty("schema", "apply").stdout
        assert json.loads(on_empty("schema", "apply", "--json").stdout) == {"applied": []}
        assert on_empty("schema").exit_code == 0


def make_newer(conninfo: str) -> None:
    with open_on(conninfo), psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("INSERT INTO public.p2c_schema (number, name) VALUES (9999, 'from the future')")


def register_somebody(conninfo: str) -> None:
    with open_on(conninfo) as service:
        service.commands.register(Register(name="Somebody real", sector=Sector.OTHER), Request(actor=BDT))


def reference_of(title: str, conninfo: str) -> str:
    """The reference of the sample pledge whose title has these words."""
    with open_on(conninfo) as service:
        page = service.pledges.page(PledgeFilters(), on=date(2026, 11, 20), limit=200)
    return next(row.pledge.reference for row in page.items if title in row.pledge.title)


def versions(answer: Result) -> list[int]:
    return [step["version"] for step in json.loads(answer.stdout)["steps"]]


def write(folder: Path, *lines: str) -> str:
    file = folder / "rates.csv"
    file.write_text("\n".join(["currency,month,rate,source", *lines, ""]))
    return str(file)

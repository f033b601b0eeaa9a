import os
import re

import pytest

from infrastructure.settings import InvalidSettings, SettingDescription, Settings, describe


@pytest.fixture(autouse=True)
def _environment_without_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in os.environ:
        if name.upper().startswith("P2C_"):
            monkeypatch.delenv(name)


def described(name: str) -> SettingDescription:
    return {setting.name: setting for setting in describe(Settings.from_environment())}[name]


def test_without_environment_the_service_listens_on_loopback_and_brings_its_own_database() -> None:
    settings = Settings.from_environment()

    assert settings.host == "127.0.0.1"
    assert settings.port == 8000
    assert settings.database_url is None
    assert str(settings.data_dir) == "var"
    assert settings.log_level == "info"


def test_an_environment_variable_overrides_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("P2C_PORT", "8123")
    monkeypatch.setenv("P2C_LOG_LEVEL", "DEBUG")

    settings = Settings.from_environment()

    assert settings.port == 8123
    assert settings.log_level == "debug"


def test_an_empty_environment_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("P2C_DATABASE_URL", "")

    assert Settings.from_environment().database_url is None
    assert described("P2C_DATABASE_URL").origin == "default"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("P2C_PORT", "eighty"),
        ("P2C_PORT", "0"),
        ("P2C_PORT", "65536"),
        ("P2C_LOG_LEVEL", "chatty"),
        ("P2C_HOST", "0.0.0.0"),
        ("P2C_DATABASE_URL", "mysql://db/p2c"),
    ],
)
def test_a_wrong_value_is_refused_by_the_name_of_its_variable(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)

    with pytest.raises(InvalidSettings, match=f"^{variable}: "):
        Settings.from_environment()


def test_all_wrong_values_are_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("P2C_PORT", "eighty")
    monkeypatch.setenv("P2C_HOST", "example.org")

    with pytest.raises(InvalidSettings) as refusal:
        Settings.from_environment()

    assert re.findall(r"^\w+", str(refusal.value), re.MULTILINE) == ["P2C_HOST", "P2C_PORT"]


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.53", "::1", "localhost"])
def test_every_loopback_address_is_accepted(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("P2C_HOST", host)

    assert Settings.from_environment().host == host


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.10", "ledger.example"])
def test_an_address_others_can_reach_is_refused_with_advice(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("P2C_HOST", host)

    with pytest.raises(InvalidSettings, match=r"not a loopback address.*reverse proxy"):
        Settings.from_environment()


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://ledger:s3cr%65t@db.example/p2c",
        "postgresql://ledger@db.example/p2c?password=s3cr%65t",
        "host=db.example user=ledger password=s3cret dbname=p2c",
        "host=db.example user=ledger password='s3cret' sslpassword=s3cret dbname=p2c",
    ],
)
def test_a_password_in_the_database_address_is_never_shown(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("P2C_DATABASE_URL", address)

    shown = described("P2C_DATABASE_URL").value

    assert shown is not None
    assert "s3cr" not in shown
    assert "password=***" in shown
    assert "host=db.example" in shown
    assert "s3cr" not in repr(Settings.from_environment())


def test_a_refused_database_address_is_not_repeated_in_the_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("P2C_DATABASE_URL", "mysql://ledger:s3cret@db.example/p2c")

    with pytest.raises(InvalidSettings) as refusal:
        Settings.from_environment()

    assert "s3cret" not in str(refusal.value)


def test_the_description_says_where_each_value_came_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("p2c_port", "8123")

    origins = {setting.name: setting.origin for setting in describe(Settings(log_level="error"))}

    assert origins == {
        "P2C_DATABASE_URL": "default",
        "P2C_READ_REPLICA_URL": "default",
        "P2C_DATA_DIR": "default",
        "P2C_HOST": "default",
        "P2C_PORT": "environment",
        "P2C_LEDGER_ORIGIN": "default",
        "P2C_SIGNING_KEY_FILE": "default",
        "P2C_LOG_LEVEL": "argument",
    }


def test_every_setting_says_what_it_means() -> None:
    assert [setting.name for setting in describe(Settings()) if not setting.meaning] == []

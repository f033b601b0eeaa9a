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
        ("P2C_HOST", "nowhere"),
        ("P2C_DATABASE_URL", "mysql://db/p2c"),
        ("P2C_RATE_PER_ADDRESS", "100"),
        ("P2C_RATE_PER_ADDRESS", "0/minute"),
        ("P2C_RATE_PER_TOKEN", "100 per fortnight"),
        ("P2C_RATE_PER_TOKEN", "10/second;100/hour"),
        ("P2C_TRUSTED_PROXIES", "*"),
        ("P2C_TRUSTED_PROXIES", "proxy.example.org"),
        ("P2C_TRUSTED_PROXIES", "10.0.0.5/8"),
        ("P2C_OIDC_ISSUER", "login.example.org"),
        ("P2C_WEBHOOKS", "perhaps"),
        ("P2C_WEBHOOKS_PRIVATE", "10.0.0.0/8"),
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


@pytest.mark.parametrize(
    ("given", "understood"),
    [
        (None, "127.0.0.1,::1"),
        ("10.0.0.5", "10.0.0.5"),
        ("10.0.0.0/8, fd00::/8", "10.0.0.0/8,fd00::/8"),
        ("none", "none"),
    ],
)
def test_proxies_are_addresses_and_networks_or_none(
    given: str | None, understood: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if given:
        monkeypatch.setenv("P2C_TRUSTED_PROXIES", given)

    assert Settings.from_environment().trusted_proxies == understood


@pytest.mark.parametrize(("given", "understood"), [("6000/minute", "6000/minute"), ("OFF", "off"), ("5/Day", "5/day")])
def test_a_rate_is_a_number_and_a_window_or_off(given: str, understood: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("P2C_RATE_PER_TOKEN", given)

    assert Settings.from_environment().rate_per_token == understood


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.53", "::1", "localhost"])
def test_a_loopback_address_is_for_this_machine(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("P2C_HOST", host)

    assert Settings.from_environment().host == host
    assert not Settings.from_environment().is_reachable_by_others


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.10"])
def test_any_other_address_is_for_others_too(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("P2C_HOST", host)

    assert Settings.from_environment().is_reachable_by_others


@pytest.mark.parametrize("host", ["ledger.example", "1.2.3", "http://127.0.0.1"])
def test_what_is_no_address_is_refused_with_advice(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("P2C_HOST", host)

    with pytest.raises(InvalidSettings, match=r"not an address of this machine.*0\.0\.0\.0"):
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


@pytest.mark.parametrize(
    "url",
    [
        "https://login.example.org",
        "https://login.example.org:8443/realms/p2c/",
        "http://127.0.0.1:8080/realms/p2c",
        "http://[::1]:8080",
        "http://localhost",
    ],
)
def test_an_issuer_is_reached_by_https_or_on_this_machine(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("P2C_OIDC_ISSUER", url)
    monkeypatch.setenv("P2C_OIDC_AUDIENCE", "p2c-register")

    assert Settings.from_environment().oidc_issuer == url


@pytest.mark.parametrize(
    "url",
    [
        "http://login.example.org",
        "http://127.0.0.1.example.org",
        "http://localhost@login.example.org",
        "https://user:password@login.example.org",
        "https://",
        "https://login.example.org?realm=p2c",
        "https://login.example.org#p2c",
        "https://login.example.org/a b",
        "https://login.example.org/\u00e4",
        "https://[login",
        "https://login.example.org:port",
        "file:///etc/passwd",
    ],
)
def test_an_address_that_keys_cannot_be_trusted_from_is_no_issuer(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("P2C_OIDC_ISSUER", url)
    monkeypatch.setenv("P2C_OIDC_AUDIENCE", "p2c-register")

    with pytest.raises(InvalidSettings, match=r"\AP2C_OIDC_ISSUER: is not the URL of an issuer.*\Z"):
        Settings.from_environment()


@pytest.mark.parametrize(
    ("variable", "value", "advice"),
    [
        ("P2C_OIDC_ISSUER", "https://login.example.org", "is needed with P2C_OIDC_ISSUER"),
        ("P2C_OIDC_AUDIENCE", "p2c-register", "set both or neither"),
    ],
)
def test_an_issuer_and_its_audience_go_together(
    variable: str, value: str, advice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)

    with pytest.raises(InvalidSettings, match=f"^P2C_OIDC_AUDIENCE: .*{advice}"):
        Settings.from_environment()


def test_the_secret_of_the_client_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("P2C_OIDC_ISSUER", "https://login.example.org")
    monkeypatch.setenv("P2C_OIDC_AUDIENCE", "p2c-register")
    monkeypatch.setenv("P2C_OIDC_CLIENT_SECRET", "s3cret")

    settings = Settings.from_environment()

    assert settings.oidc_client_secret is not None
    assert settings.oidc_client_secret.get_secret_value() == "s3cret"
    assert described("P2C_OIDC_CLIENT_SECRET").value == "***"
    assert "s3cret" not in repr(settings)


@pytest.mark.parametrize("variable", ["P2C_OIDC_CLIENT_ID", "P2C_OIDC_CLIENT_SECRET"])
@pytest.mark.parametrize(("issuer", "value"), [("", "s3cret"), ("https://login.example.org", "s3cr\u00e9t")])
def test_a_client_that_no_issuer_can_know_is_refused_without_its_secret(
    variable: str, issuer: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("P2C_OIDC_ISSUER", issuer)
    monkeypatch.setenv("P2C_OIDC_AUDIENCE", "p2c-register" if issuer else "")
    monkeypatch.setenv(variable, value)

    with pytest.raises(InvalidSettings, match=f"^{variable}: ") as refusal:
        Settings.from_environment()

    assert ("characters" if issuer else "of no use without P2C_OIDC_ISSUER") in str(refusal.value)
    assert "s3cr" not in str(refusal.value)


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
        "P2C_RATE_PER_ADDRESS": "default",
        "P2C_RATE_PER_TOKEN": "default",
        "P2C_TRUSTED_PROXIES": "default",
        "P2C_OIDC_ISSUER": "default",
        "P2C_OIDC_AUDIENCE": "default",
        "P2C_OIDC_CLIENT_ID": "default",
        "P2C_OIDC_CLIENT_SECRET": "default",
        "P2C_OIDC_ROLES_CLAIM": "default",
        "P2C_OIDC_ORGANISATION_CLAIM": "default",
        "P2C_WEBHOOKS": "default",
        "P2C_WEBHOOKS_PRIVATE": "default",
        "P2C_LOG_LEVEL": "argument",
    }


def test_every_setting_says_what_it_means() -> None:
    assert [setting.name for setting in describe(Settings()) if not setting.meaning] == []

"""Webhooks on pages: who may look after them adds one, sees its secret once, and reads what was delivered."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from api.languages.texts import texts
from api.web.webhook_words import KINDS_OF_EVENT, event_in_words
from application.access import Permission
from audit.envelope import TYPES
from domain.vocabulary import Role
from infrastructure.bootstrap import Service, open_on
from infrastructure.webhooks.deliveries import TEST_TYPE
from infrastructure.webhooks.subscriptions import MOST_OF_ONE_OWNER
from tests.api.web.pages import Page, Visitor, page_of
from tests.api.web.recording.people import Register
from tests.api.web.signed_in_visitors import signed_in
from tests.receiver import Receiver, status

SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]+")
ADDRESS = "https://hooks.example.org/p2c"
LATER = status(503, b"Not <now>", Retry_After="3600")


@pytest.fixture(scope="module")
def service(conninfo: str) -> Iterator[Service]:
    """A service that sends, to this machine too."""
    with open_on(conninfo, deliver=True, private_webhooks=True) as service:
        yield service


@pytest.fixture(scope="module")
def register(service: Service) -> Register:
    return Register(service)


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def bdt(server: str, service: Service) -> Iterator[Visitor]:
    """An officer of BDT; all webhooks are removed in the end."""
    with signed_in(server, service, Role.BDT) as visitor:
        yield visitor
    for webhook in service.webhooks.all():
        service.webhooks.remove(None, webhook.id)


def fields_of(page: Page, action: str) -> tuple[str, dict[str, Any]]:
    """Where the form goes whose address ends so, and what it sends as it is."""
    [form] = page.all(f"//main//form[substring(@action, string-length(@action) - {len(action) - 1}) = '{action}']")
    fields: dict[str, Any] = {}
    for name, value in form.form_values():
        fields.setdefault(name, []).append(value)
    return form.get("action"), fields


def send(visitor: Visitor, page: Page, action: str, **typed: Any) -> httpx.Response:
    """Fill in a form of a page, and send it, without following where that leads."""
    address, fields = fields_of(page, action)
    return visitor.post(address, data={**fields, **typed})


def add(visitor: Visitor, url: str = ADDRESS, **typed: Any) -> tuple[str, str]:
    """The address of a new webhook's page, and its secret."""
    page = page_of(send(visitor, visitor.page("/webhooks"), "/webhooks", url=url, **typed), status=201)
    return page.links()["I have copied it: to the webhook"], page.all("//textarea[@id='secret']")[0].text.strip()


def own(visitor: Visitor) -> list[dict[str, Any]]:
    return list(visitor.get("/webhooks.json").json()["items"])


def log_of(visitor: Visitor, webhook: str) -> list[dict[str, Any]]:
    return list(visitor.get(f"{webhook}.json").json()["deliveries"])


def soon(found: Callable[[], Any]) -> Any:
    """What is found as soon as it is: messages are sent within a second."""
    deadline = time.monotonic() + 30
    while not (result := found()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return result


def tried(visitor: Visitor, webhook: str, attempts: int) -> dict[str, Any]:
    """The only message in the log, once it was tried so often."""

    def look() -> dict[str, Any] | None:
        one = next(iter(log_of(visitor, webhook)), None)
        return one if one and one["attempts"] == attempts else None

    return dict(soon(look))


def rows(page: Page, labelled_by: str) -> list[list[str]]:
    found = page.all(f"//div[@aria-labelledby='{labelled_by}']//tbody/tr")
    return [[" ".join(cell.text_content().split()) for cell in row] for row in found]


def led_to(answer: httpx.Response, visitor: Visitor) -> Page:
    """The page that an answer to a form leads to."""
    assert answer.status_code == 303, answer.text[:2_000]
    return visitor.page(answer.headers["Location"])


def test_the_secret_is_shown_in_the_answer_to_the_form_and_never_again(bdt: Visitor) -> None:
    page = bdt.page("/webhooks")
    answer = send(bdt, page, "/webhooks", url=ADDRESS, description="Our <map>", event_types=["pledge.validated.v1"])

    shown = page_of(answer, status=201)
    [secret] = set(SECRET.findall(answer.text))
    assert answer.headers["Cache-Control"] == "no-store"
    webhook = shown.links()["I have copied it: to the webhook"]
    [listed] = own(bdt)
    assert (listed["url"], listed["event_types"], listed["description"]) == (
        ADDRESS,
        ["pledge.validated.v1"],
        "Our <map>",
    )
    assert rows(bdt.page("/webhooks"), "yours")[0][:2] == [f"Our <map> {ADDRESS}", "Enabled"]
    assert "BDT admits a pledge pledge.validated.v1" in bdt.page(webhook).text
    for address in (
        "/webhooks",
        "/webhooks.json",
        webhook,
        f"{webhook}.json",
        f"{webhook}/change",
        f"{webhook}/remove",
    ):
        again = bdt.get(address)
        assert again.status_code == 200
        assert again.headers["Cache-Control"] == "no-store"
        assert secret not in again.text
        assert not SECRET.search(again.text)


def test_a_form_that_is_sent_twice_makes_one_webhook_and_tells_its_secret_once(bdt: Visitor) -> None:
    page = bdt.page("/webhooks")
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda _: send(bdt, page, "/webhooks", url=ADDRESS), range(3)))

    assert sorted(answer.status_code for answer in answers) == [201, 303, 303]
    assert sum(bool(SECRET.search(answer.text)) for answer in answers) == 1
    [webhook] = own(bdt)
    later = led_to(next(answer for answer in answers if answer.status_code == 303), bdt)
    assert later.answer.url.path == f"/webhooks/{webhook['id']}"
    assert "shown then, once" in later.text


def test_a_form_that_comes_again_with_other_words_can_make_another_webhook(bdt: Visitor) -> None:
    page = bdt.page("/webhooks")
    send(bdt, page, "/webhooks", url=ADDRESS)
    again = page_of(send(bdt, page, "/webhooks", url=f"{ADDRESS}/2"), status=409)

    assert fields_of(again, "/webhooks")[1]["url"] == [f"{ADDRESS}/2"]
    assert f"/webhooks/{own(bdt)[0]['id']}" in again.links("//*[@id='summary']").values()
    assert send(bdt, again, "/webhooks").status_code == 201
    assert [one["url"] for one in own(bdt)] == [ADDRESS, f"{ADDRESS}/2"]


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("url", {"url": ""}, "This is needed."),
        (
            "url",
            {"url": "hooks.example.org"},
            "No webhook can lead to this address. The text is not an http or https address.",
        ),
        ("url", {"url": "https://169.254.169.254/x"}, "No webhook can lead to this address. It leads to"),
        ("description", {"description": "Ours\u202e"}, "This text cannot be kept as it is."),
    ],
)
def test_what_is_wrong_is_said_beside_its_field_and_nothing_typed_is_lost(
    bdt: Visitor, field: str, typed: dict[str, str], said: str
) -> None:
    kinds = ["pledge.reported.v1", "snapshot.published.v1"]
    filled = {"url": ADDRESS, "description": "Ours", "event_types": kinds, **typed}
    page = page_of(send(bdt, bdt.page("/webhooks"), "/webhooks", **filled), status=422)

    [wrong] = page.all("//*[@aria-invalid='true']")
    assert wrong.get("name") == field
    beside = page.root.get_element_by_id(f"f-{field}-error")
    assert f"f-{field}-error" in wrong.get("aria-describedby")
    assert said in " ".join(beside.text_content().split())
    assert f"#f-{field}" in page.links("//*[@id='summary']").values()
    back = fields_of(page, "/webhooks")[1]
    assert {name: back[name] for name in filled} == {
        "url": [filled["url"]],
        "description": [filled["description"]],
        "event_types": kinds,
    }
    assert own(bdt) == []
    assert send(bdt, page, "/webhooks", url=ADDRESS, description="").status_code == 201


def test_a_type_that_there_is_not_is_refused(bdt: Visitor) -> None:
    page = page_of(
        send(bdt, bdt.page("/webhooks"), "/webhooks", url=ADDRESS, event_types=["pledge.sold.v1"]), status=422
    )

    assert "Choose one of the list." in page.root.get_element_by_id("f-event-types-error").text_content()
    assert own(bdt) == []


def test_a_form_of_another_session_comes_back_as_it_was_filled_in(bdt: Visitor) -> None:
    page = bdt.page("/webhooks")
    back = page_of(send(bdt, page, "/webhooks", url=ADDRESS, form_token="0" * 64), status=403)

    assert "opened before you signed in" in back.text
    assert own(bdt) == []
    assert send(bdt, back, "/webhooks").status_code == 201


def test_what_another_site_sends_is_not_carried_out(bdt: Visitor) -> None:
    webhook, _ = add(bdt)
    list_page, one = bdt.page("/webhooks"), bdt.page(webhook)
    bdt.headers["Sec-Fetch-Site"] = "cross-site"
    answers = [
        send(bdt, list_page, "/webhooks", url=ADDRESS),
        *(send(bdt, one, f"/{action}") for action in ("test", "disable", "secret")),
    ]

    assert {answer.status_code for answer in answers} == {403}
    assert not any(SECRET.search(answer.text) for answer in answers)
    assert [one["enabled"] for one in own(bdt)] == [True]
    assert log_of(bdt, webhook) == []


@pytest.mark.parametrize(
    "action", ["test", "disable", "enable", "secret", "remove", "change", "deliveries/msg_1/retry"]
)
def test_without_the_token_of_the_session_no_button_does_anything(bdt: Visitor, action: str) -> None:
    webhook, _ = add(bdt)
    before = own(bdt)
    answer = bdt.post(f"{webhook}/{action}", data={"form_key": str(uuid4()), "url": ADDRESS, "description": "x"})

    assert answer.status_code == 403
    assert own(bdt) == before
    assert log_of(bdt, webhook) == []


def test_who_has_to_sign_in_first_finds_the_form_as_it_was_filled_in(
    bdt: Visitor, visitor: Visitor, service: Service
) -> None:
    page = bdt.page("/webhooks")
    asked = page_of(send(visitor, page, "/webhooks", url=ADDRESS, description="Ours"), status=401)
    kept = {field.get("name"): field.get("value") for field in asked.all("//main//form[1]//input[@name]")}
    assert (kept["url"], kept["description"], kept["next"]) == (ADDRESS, "Ours", "/webhooks")

    form = {name: value for name, value in kept.items() if name not in ("token", "next")}
    again = page_of(bdt.post("/webhooks", data=form))

    assert fields_of(again, "/webhooks")[1]["description"] == ["Ours"]
    assert own(bdt) == []


def test_a_secret_that_is_replaced_is_shown_once_however_often_the_form_is_sent(bdt: Visitor) -> None:
    webhook, first = add(bdt)
    page = bdt.page(webhook)
    answer = send(bdt, page, "/secret")

    shown = page_of(answer)
    [second] = set(SECRET.findall(answer.text))
    assert second != first
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Until " in shown.text
    assert shown.links("//div[@class='visitor']")["Русский"] == f"{webhook}?lang=ru"
    until = own(bdt)[0]["former_secret_until"]
    again = send(bdt, page, "/secret")
    assert not SECRET.search(again.text)
    assert "Nothing was replaced now" in led_to(again, bdt).text
    assert own(bdt)[0]["former_secret_until"] == until
    assert second not in bdt.get(webhook).text
    assert SECRET.search(send(bdt, bdt.page(webhook), "/secret").text), "on purpose, it can be replaced twice"


def test_a_test_message_arrives_once_however_often_the_form_is_sent(bdt: Visitor, receiver: Receiver) -> None:
    endpoint = receiver.endpoint()
    webhook, secret = add(bdt, endpoint.url)
    page = bdt.page(webhook)
    answers = [send(bdt, page, "/test") for _ in range(2)]

    assert "A test message is on its way" in led_to(answers[0], bdt).text
    tried(bdt, webhook, 1)
    [row] = rows(bdt.page(webhook), "log")
    assert row[0].startswith("A test ")
    assert row[1:4] == ["–", "Taken by the receiver The answer was 204.", "1"]
    assert row[5] == "–"
    [message] = endpoint.received
    assert message.verified(secret)["type"] == TEST_TYPE
    assert send(bdt, bdt.page(webhook), "/test").status_code == 303
    soon(lambda: len(endpoint.received) == 2)


def test_the_log_says_what_became_of_a_message_and_sends_it_again(
    bdt: Visitor, register: Register, receiver: Receiver
) -> None:
    endpoint = receiver.endpoint(LATER)
    webhook, _ = add(bdt, endpoint.url, event_types=["pledge.validated.v1"])
    reference = register.announced()
    logged = tried(bdt, webhook, 1)

    page = bdt.page(webhook)
    [row] = rows(page, "log")
    assert row[0].startswith("BDT admits a pledge ")
    assert logged["message"] in row[0]
    assert row[1] == f"{logged['position']} {reference} {reference}"
    assert row[2] == "Waits to be tried again It answered 503: Not <now>"
    assert row[3] == "1"
    assert row[4].endswith(" UTC")
    assert row[5].endswith(" UTC")
    event = page.links("//div[@aria-labelledby='log']")[f"{logged['position']} {reference}"]
    assert event == f"/pledges/{reference}/events/2"
    assert bdt.get(event).status_code == 200
    assert "Every attempt has failed since" in page.text

    endpoint.answers = []
    sent = send(bdt, page, "/retry")
    assert "The message is sent again now" in led_to(sent, bdt).text
    assert tried(bdt, webhook, 2)["state"] == "delivered"
    assert send(bdt, page, "/retry").status_code == 303, "the same form again, which was carried out"
    assert tried(bdt, webhook, 2)["state"] == "delivered"
    assert send(bdt, bdt.page(webhook), "/retry").status_code == 303, "a message that arrived and was lost"
    tried(bdt, webhook, 3)
    assert endpoint.ids == [logged["message"]] * 3


def test_a_message_that_there_is_not_cannot_be_sent_again(bdt: Visitor) -> None:
    webhook, _ = add(bdt)
    token = fields_of(bdt.page(webhook), "/test")[1]
    answer = bdt.post(f"{webhook}/deliveries/msg_none/retry", data=token)

    assert "the log has no such message any more" in led_to(answer, bdt).text


def test_the_log_comes_in_pages_the_newest_first_and_so_does_its_data(bdt: Visitor, service: Service) -> None:
    webhook, _ = add(bdt)
    id = UUID(webhook.rpartition("/")[2])
    made = [service.webhooks.deliveries.test(None, id).message for _ in range(51)][::-1]

    newest = bdt.page(webhook)
    assert [row[0].rpartition(" ")[2] for row in rows(newest, "log")] == made[:50]
    older = bdt.page(newest.links()["Older messages"])
    assert [row[0].rpartition(" ")[2] for row in rows(older, "log")] == made[50:]
    assert older.links()["The newest messages"] == f"{webhook}#log"
    data = bdt.get(newest.links("//p[@class='downloads']")["JSON"]).json()
    assert [one["message"] for one in data["deliveries"]] == made[:50]
    assert bdt.get(f"{webhook}.json", params={"before": data["next"]}).json()["deliveries"][0]["message"] == made[50]
    assert bdt.get(older.links("//p[@class='downloads']")["JSON"]).json()["deliveries"][0]["message"] == made[50]


def test_a_webhook_is_disabled_and_enabled_again(bdt: Visitor) -> None:
    webhook, _ = add(bdt)
    page = bdt.page(webhook)
    disabled = led_to(send(bdt, page, "/disable"), bdt)

    assert "Somebody who speaks for its owner disabled it." in disabled.text
    assert own(bdt)[0]["enabled"] is False
    assert not disabled.all("//form[contains(@action, '/test')]")
    assert "Nothing was sent, since the webhook is disabled" in led_to(send(bdt, page, "/test"), bdt).text
    assert "It is told of what it missed" in led_to(send(bdt, disabled, "/enable"), bdt).text
    assert own(bdt)[0]["enabled"] is True


def test_a_webhook_is_removed_once_that_was_confirmed(bdt: Visitor) -> None:
    webhook, _ = add(bdt)
    asked = bdt.page(next(link for words, link in bdt.page(webhook).links().items() if words.startswith("Remove")))

    assert "cannot be undone" in asked.text
    assert len(own(bdt)) == 1
    for _ in range(2):
        answer = send(bdt, asked, "/remove")
        assert led_to(answer, bdt).heading == "Webhooks"
    assert own(bdt) == []
    assert "You have no webhook" in bdt.page(webhook, status=404).text


def test_a_webhook_is_changed_and_keeps_its_secret_and_its_log(bdt: Visitor) -> None:
    webhook, _ = add(bdt, description="Ours", event_types=["pledge.validated.v1"])
    send(bdt, bdt.page(webhook), "/test")
    form = bdt.page(f"{webhook}/change")
    assert fields_of(form, "/change")[1]["event_types"] == ["pledge.validated.v1"]

    wrong = page_of(send(bdt, form, "/change", url="ftp://hooks.example.org"), status=422)
    assert fields_of(wrong, "/change")[1]["url"] == ["ftp://hooks.example.org"]
    send(bdt, wrong, "/change", url=f"{ADDRESS}/2", description="", event_types=[])

    [changed] = own(bdt)
    assert (changed["url"], changed["event_types"], changed["description"]) == (f"{ADDRESS}/2", None, None)
    assert changed["former_secret_until"] is None
    assert len(log_of(bdt, webhook)) == 1


def test_there_are_so_many_webhooks_and_no_more(bdt: Visitor) -> None:
    page = bdt.page("/webhooks")
    for number in range(MOST_OF_ONE_OWNER):
        assert send(bdt, page, "/webhooks", url=ADDRESS, form_key=str(UUID(int=number))).status_code == 201

    full = page_of(send(bdt, page, "/webhooks", url=ADDRESS), status=409)
    assert "as many webhooks as one may have" in " ".join(full.root.get_element_by_id("summary").text_content().split())
    assert f"There are {MOST_OF_ONE_OWNER} webhooks" in bdt.page("/webhooks").text


def test_everybody_sees_their_own_webhooks_alone(
    bdt: Visitor, server: str, service: Service, register: Register
) -> None:
    webhook, _ = add(bdt)
    key = fields_of(bdt.page("/webhooks"), "/webhooks")[1]["form_key"][0]
    with signed_in(server, service, Role.STAKEHOLDER, register.organisation("Hirondelle Telecom")) as pledger:
        assert "of your organisation" in pledger.page("/webhooks").text
        assert own(pledger) == []
        add(pledger, form_key=key)
        token = fields_of(pledger.page("/webhooks"), "/webhooks")[1]
        for address in (webhook, f"{webhook}.json", f"{webhook}/change", f"{webhook}/remove"):
            assert pledger.get(address).status_code == 404
        for action in ("test", "disable", "enable", "secret", "change", "deliveries/msg_1/retry"):
            assert pledger.post(f"{webhook}/{action}", data={**token, "url": ADDRESS}).status_code == 404
        pledger.post(f"{webhook}/remove", data=token)
    assert [f"/webhooks/{one['id']}" for one in own(bdt)] == [webhook]
    assert own(bdt)[0]["enabled"]
    add(bdt, form_key=key)


def test_only_who_may_look_after_webhooks_is_led_to_them(visitor: Visitor, server: str, service: Service) -> None:
    assert visitor.page("/webhooks", status=401).links()["Other ways to sign in"] == "/sign-in?next=%2Fwebhooks"
    assert "Webhooks" not in visitor.page("/record").links("//body")
    for role, scopes, may in (
        (Role.AUDITOR, None, True),
        (Role.ADMIN, None, False),
        (Role.BDT, (Permission.WEBHOOKS, Permission.READ), True),
        (Role.BDT, (Permission.WEBHOOKS,), False),
        (Role.BDT, (Permission.READ,), False),
    ):
        secret = service.sessions.open_with_token(service.credentials.issue(role, scopes=scopes)[1])
        assert secret
        with Visitor(base_url=server, timeout=30, cookies={"p2c-session": secret}) as somebody:
            assert somebody.get("/webhooks").status_code == (200 if may else 403), (role, scopes)
            assert somebody.get("/webhooks.json").status_code == (200 if may else 403)
            record = somebody.page("/record")
            assert ("Look after your webhooks" in record.links()) is may
            assert ("Webhooks" in record.links("//footer")) is may


def test_webhooks_are_as_they_are_now(bdt: Visitor) -> None:
    webhook, _ = add(bdt)
    for address in ("/webhooks", webhook, f"{webhook}/change", f"{webhook}/remove"):
        answer = bdt.get(address, params={"as_of": "0", "lang": "fr"})
        assert (answer.status_code, answer.headers["Location"]) == (303, f"{address}?lang=fr")


def test_every_type_of_event_has_words() -> None:
    assert sorted(type for kinds in KINDS_OF_EVENT.values() for type in kinds) == sorted(TYPES)
    assert event_in_words(texts("en"), TEST_TYPE) == "A test"
    assert event_in_words(texts("en"), "pledge.sold.v9") == "pledge.sold.v9"

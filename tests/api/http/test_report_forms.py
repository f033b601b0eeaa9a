"""The progress report over HTTP, for people."""

from __future__ import annotations

from tests.api.http.register import TODAY, Client, days_ago

PERIOD = {"from": days_ago(500), "to": TODAY.isoformat()}


def test_the_report_comes_as_a_page_or_a_pdf_in_the_language_that_is_liked(client: Client) -> None:
    page = client.get("/v1/reports/progress.html", params=PERIOD, headers={"Accept-Language": "ru, en;q=0.5"})
    assert (page.headers["Content-Type"], page.headers["Content-Language"]) == ("text/html; charset=utf-8", "ru")
    assert "Ход выполнения обязательств" in page.text
    stated = client.get(
        "/v1/reports/progress", params={**PERIOD, "language": "en"}, headers={"Accept": "application/pdf"}
    )
    assert stated.content.startswith(b"%PDF-")
    assert stated.headers["Content-Type"] == "application/pdf"


def test_a_pdf_without_letters_is_refused_with_what_to_do(client: Client) -> None:
    answer = client.get("/v1/reports/progress.pdf", params={**PERIOD, "language": "zh"})
    assert (answer.status_code, answer.json()["type"]) == (406, "/problems/no-letters-for-language")
    assert client.get("/v1/reports/progress.html", params={**PERIOD, "language": "zh"}).status_code == 200

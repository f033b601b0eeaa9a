"""The log of a service at work: who asked for what, who was refused and why, and no secret."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from domain.vocabulary import Role
from infrastructure.bootstrap import open_on
from tests.service_process import ServiceProcess, data_folder, free_port

pytestmark = pytest.mark.database
"""These start a server of their own."""

PASSWORD = "c2VjcmV0LXBhc3N3b3Jk"


def test_every_request_is_a_line_and_refusals_are_warnings_that_say_who_and_why(empty_ledger: str) -> None:
    with open_on(empty_ledger) as service:
        bdt, token = service.credentials.issue(Role.BDT)
        auditor, auditor_token = service.credentials.issue(Role.AUDITOR)
    with data_folder() as folder:
        served = ServiceProcess(
            free_port(), data_dir=folder, database_url=f"{empty_ledger} password={PASSWORD}", rate_per_token="3/hour"
        )
        served.wait_until_ready()

        def post(token: str | None, name: str = "A") -> int:
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            body = {"name": name, "sector": "other"}
            return httpx.post(f"{served.address}/v1/organisations", json=body, headers=headers, timeout=30).status_code

        answered = [post(None), post(f"{token}x"), post(auditor_token), *(post(token) for _ in range(4))]
        httpx.get(f"{served.address}/v1/pledges/%0Aforged%1B%5B2J%E2%80%AE?token={token}", timeout=30)
        httpx.head(f"{served.address}/v1/pledges/P2C-2026-000001", headers={"X-Forwarded-For": "203.0.113.5"})
        _, _, errors = served.terminate()

    lines: list[dict[str, Any]] = [json.loads(line) for line in errors.splitlines()]
    requests = [line for line in lines if line["message"] == "request" and line["path"] != "/readyz"]
    refused = [line for line in lines if line["message"] == "refused"]

    assert answered == [401, 401, 403, 201, 201, 201, 429]
    assert {"request_id", "method", "path", "operation", "status", "seconds", "address"} <= set(requests[0])
    assert [(line["method"], line["operation"], line["status"]) for line in requests] == [
        *(("POST", "/v1/organisations", status) for status in answered),
        ("GET", "/v1/pledges/{reference}", 404),
        ("HEAD", "/v1/pledges/{reference}", 404),
    ]
    assert [line.get("role") for line in requests[:4]] == [None, None, "auditor", "bdt"]
    assert [line.get("credential") for line in requests[:4]] == [None, None, str(auditor.id), str(bdt.id)]
    assert requests[-2]["path"] == "/v1/pledges/\\nforged\\x1b[2J\\u202e"
    assert requests[-1]["address"] == "203.0.113.5", "the proxy on this machine is trusted"
    assert [(line["level"], line["problem"], line.get("credential")) for line in refused] == [
        ("warning", "not-authenticated", None),
        ("warning", "not-authenticated", None),
        ("warning", "not-permitted", str(auditor.id)),
        ("warning", "too-many-requests", str(bdt.id)),
    ]
    assert all(line["reason"] and line["address"] == "127.0.0.1" and line["request_id"] for line in refused)
    assert [secret for secret in (token, auditor_token, PASSWORD) if secret in errors] == []

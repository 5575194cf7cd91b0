"""The registry's client, against answers as a registry gives them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from mesh.kernel.errors import ContractError, PlatformError
from schemas.registry import Registry
from schemas.wire import SchemaUnknownError

URL = "http://registry.test/apis/ccompat/v7"
SCHEMA = {"type": "record", "name": "E", "namespace": "retail", "fields": []}
Answer = Callable[[httpx.Request], httpx.Response]


class Server:
    """Answers requests one after another from a list, the last one for ever, and keeps the requests."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers, self.requests = list(answers), list[httpx.Request]()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """Answer one request."""
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def _registry(server: Server, patience: float = 5.0) -> Registry:
    return Registry(URL, patience=patience, transport=httpx.MockTransport(server))


def _ok(body: Any) -> httpx.Response:
    return httpx.Response(200, json=body)


def _refusal(status: int, message: str = "no") -> httpx.Response:
    return httpx.Response(status, json={"error_code": status, "message": message})


def test_a_schema_is_registered_under_its_subject() -> None:
    """The schema goes as text in JSON, as Confluent's interface wants it."""
    server = Server(_ok({"id": 7}))
    assert _registry(server).register("t-value", SCHEMA) == 7
    (request,) = server.requests
    assert (request.method, str(request.url)) == ("POST", f"{URL}/subjects/t-value/versions")
    assert json.loads(json.loads(request.content)["schema"]) == SCHEMA


@pytest.mark.parametrize("status", [409, 422])
def test_a_refused_schema_is_a_contract_error(status: int) -> None:
    """It carries the registry's reason in one line, without the name of a Java class."""
    server = Server(_refusal(status, "io.x.RuleViolationException: Incompatible:\n z at /fields/26"))
    with pytest.raises(ContractError) as caught:
        _registry(server).register("t-value", SCHEMA)
    assert caught.value.code == "schema-incompatible"
    assert caught.value.place == "t-value"
    assert caught.value.what == "the registry refused the schema: Incompatible: z at /fields/26"
    assert len(server.requests) == 1


def test_schemas_by_id_are_asked_for_once() -> None:
    """An id never changes its meaning."""
    server = Server(_ok({"schema": json.dumps(SCHEMA)}))
    registry = _registry(server)
    assert registry.schema(7) == registry.schema(7) == SCHEMA
    assert len(server.requests) == 1


def test_an_unknown_id_is_told_from_a_registry_that_is_away() -> None:
    """A record with it is parked, while an absent registry is waited for."""
    with pytest.raises(SchemaUnknownError, match="id 7"):
        _registry(Server(_refusal(404))).schema(7)


def test_an_unknown_id_is_asked_for_again() -> None:
    """It may be registered later."""
    registry = _registry(Server(_refusal(404), _ok({"schema": json.dumps(SCHEMA)})))
    with pytest.raises(SchemaUnknownError):
        registry.schema(7)
    assert registry.schema(7) == SCHEMA


def test_finding_an_id_registers_nothing() -> None:
    """It is a look-up under the subject."""
    server = Server(_ok({"id": 7, "version": 1}), _refusal(404))
    registry = _registry(server)
    assert registry.find_id("t-value", SCHEMA) == 7
    assert registry.find_id("t-value", SCHEMA) is None
    assert str(server.requests[0].url) == f"{URL}/subjects/t-value"


def test_the_latest_id_of_no_subject_has_a_remedy() -> None:
    """It says what to run."""
    assert _registry(Server(_ok({"id": 3}))).latest_id("t-value") == 3
    with pytest.raises(PlatformError, match=r"schema-unregistered.*mesh apply"):
        _registry(Server(_refusal(404))).latest_id("t-value")


def test_compatibility_is_required_of_all_or_of_one_subject() -> None:
    """FULL_TRANSITIVE, in the registry's configuration."""
    server = Server(_ok({"compatibility": "FULL_TRANSITIVE"}))
    registry = _registry(server)
    registry.require_compatibility()
    registry.require_compatibility("t-value")
    assert [request.url.path.split("/v7")[1] for request in server.requests] == ["/config", "/config/t-value"]
    assert {json.loads(request.content)["compatibility"] for request in server.requests} == {
        "FULL_TRANSITIVE"
    }


@pytest.mark.parametrize(
    "fault",
    [httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), _refusal(503), _refusal(500), _refusal(429)],
)
def test_transient_faults_are_tried_again(fault: httpx.Response | Exception) -> None:
    """A registry that starts, restarts or stumbles is waited for."""
    server = Server(fault, fault, _ok({"id": 7}))
    assert _registry(server).register("t-value", SCHEMA) == 7
    assert len(server.requests) == 3


def test_patience_ends_with_a_clear_error() -> None:
    """Address, time and remedy in one line."""
    with pytest.raises(PlatformError) as caught:
        _registry(Server(httpx.ConnectError("refused")), patience=0.3).schema(1)
    assert caught.value.code == "registry-unreachable"
    assert caught.value.place == URL
    assert "0.3 s" in caught.value.what
    assert "mesh up" in caught.value.remedy


@pytest.mark.parametrize("answer", [_refusal(401, "who are you"), httpx.Response(200, text="<html>")])
def test_another_server_at_the_address_is_noticed(answer: httpx.Response) -> None:
    """Such an answer is not tried again."""
    server = Server(answer)
    with pytest.raises(PlatformError, match="registry-refused"):
        _registry(server).subjects()
    assert len(server.requests) == 1


def test_no_proxy_stands_between(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy for the outside world would hide the registry on this machine."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "")
    registry = Registry("http://127.0.0.1:9/x", patience=0.1)
    with pytest.raises(PlatformError, match="refused"):
        registry.subjects()
    assert registry._http._mounts == {}

"""The schema registry over Confluent's REST interface, and the registration of every published schema."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Self

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_exponential_jitter

from mesh.kernel.contract import Port
from mesh.kernel.discovery import Mesh, find_mesh
from mesh.kernel.errors import ContractError, PlatformError
from mesh.kernel.settings import Settings
from schemas.derive import avro_schema
from schemas.published import folder, pending, versions
from schemas.wire import SchemaUnknownError

COMPATIBILITY = "FULL_TRANSITIVE"
PATIENCE = 30.0
"""Seconds for which a request is tried again while the registry does not answer."""

_NOT_FOUND = 404
_CONFLICT = 409
_UNPROCESSABLE = 422
_JAVA_CLASS = re.compile(r"^[\w.$]+Exception: ")
_MEDIA_TYPE = "application/vnd.schemaregistry.v1+json"


class _TransientError(Exception):
    """The registry did not answer, or answered that it cannot now."""


class Registry:
    """A client of the registry at ``url``. Schemas by id are fetched once and kept: an id never changes.

    Every method raises :class:`PlatformError` ``registry-unreachable`` after ``patience`` seconds without an
    answer, and ``registry-refused`` for an answer that it has no use for.
    """

    def __init__(
        self, url: str, *, patience: float = PATIENCE, transport: httpx.BaseTransport | None = None
    ) -> None:
        self.url = url.rstrip("/")
        self._patience = patience
        # The registry is a neighbour: a proxy for the outside world (HTTP_PROXY) must not stand between.
        self._http = httpx.Client(
            headers={"Content-Type": _MEDIA_TYPE, "Accept": f"{_MEDIA_TYPE}, application/json"},
            timeout=httpx.Timeout(10.0, connect=3.0),
            trust_env=False,
            transport=transport,
        )
        self._schemas: dict[int, dict[str, Any]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def register(self, subject: str, schema: dict[str, Any]) -> int:
        """The id of ``schema`` under ``subject``, registered now if it was not.

        Raises :class:`ContractError` ``schema-incompatible`` with the registry's reason when it breaks the
        compatibility with earlier versions.
        """
        answer = self._request("POST", f"/subjects/{subject}/versions", _wrapped(schema))
        if answer.status_code in (_CONFLICT, _UNPROCESSABLE):
            raise incompatible(subject, f"the registry refused the schema: {_message(answer)}")
        return int(self._json(answer)["id"])

    def accepts(self, subject: str, schema: dict[str, Any]) -> bool:
        """Whether ``schema`` is compatible with every version under a known subject; registers nothing."""
        answer = self._request("POST", f"/compatibility/subjects/{subject}/versions", _wrapped(schema))
        return bool(self._json(answer)["is_compatible"])

    def find_id(self, subject: str, schema: dict[str, Any]) -> int | None:
        """The id of ``schema`` under ``subject``; None when it is not registered there."""
        answer = self._request("POST", f"/subjects/{subject}", _wrapped(schema))
        return None if answer.status_code == _NOT_FOUND else int(self._json(answer)["id"])

    def latest_id(self, subject: str) -> int:
        """The id of the newest schema of a subject. Raises :class:`PlatformError` when there is none."""
        answer = self._request("GET", f"/subjects/{subject}/versions/latest")
        if answer.status_code == _NOT_FOUND:
            raise unregistered(subject)
        return int(self._json(answer)["id"])

    def subjects(self) -> list[str]:
        """Every subject."""
        return sorted(self._json(self._request("GET", "/subjects")))

    def schema(self, schema_id: int) -> dict[str, Any]:
        """The schema with this id. Raises :class:`schemas.wire.SchemaUnknownError` when there is none."""
        if schema_id not in self._schemas:
            answer = self._request("GET", f"/schemas/ids/{schema_id}")
            if answer.status_code == _NOT_FOUND:
                raise SchemaUnknownError(f"the registry has no schema with id {schema_id}")
            self._schemas[schema_id] = json.loads(self._json(answer)["schema"])
        return self._schemas[schema_id]

    def require_compatibility(self, subject: str = "") -> None:
        """Have every new schema (of one subject; by default of all) checked for FULL_TRANSITIVE."""
        path = f"/config/{subject}" if subject else "/config"
        self._json(self._request("PUT", path, {"compatibility": COMPATIBILITY}))

    def compatibility(self) -> str:
        """The compatibility that new schemas must have, where their subject has no setting of its own."""
        return str(self._json(self._request("GET", "/config"))["compatibilityLevel"])

    def _request(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        retrying = Retrying(
            retry=retry_if_exception_type(_TransientError),
            wait=wait_exponential_jitter(initial=0.05, max=2.0, jitter=0.1),
            stop=stop_after_delay(self._patience),
            reraise=True,
        )
        try:
            return retrying(self._once, method, path, body)
        except _TransientError as problem:
            raise PlatformError(
                "registry-unreachable",
                f"no answer within {self._patience:g} s: {problem}",
                place=self.url,
                remedy="start it with `mesh up`, or set MESH_REGISTRY",
            ) from None

    def _once(self, method: str, path: str, body: dict[str, Any] | None) -> httpx.Response:
        try:
            answer = self._http.request(method, self.url + path, json=body)
        except httpx.TransportError as problem:
            raise _TransientError(str(problem) or type(problem).__name__) from None
        if answer.is_server_error or answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise _TransientError(f"status {answer.status_code}: {_message(answer)}")
        return answer

    def _json(self, answer: httpx.Response) -> Any:
        try:
            if answer.is_success:
                return answer.json()
        except json.JSONDecodeError:
            pass
        raise PlatformError(
            "registry-refused",
            f"status {answer.status_code}: {_message(answer)}",
            place=str(answer.request.url),
            remedy="see that this is a registry with Confluent's interface",
        )


def register_all(mesh: Mesh, settings: Settings, report: Callable[[str], None]) -> dict[str, int]:
    """Register every published schema under the subject of its topic, oldest first, with FULL_TRANSITIVE.

    Returns the id of each topic's present schema. Does nothing the second time. Raises :class:`ContractError`
    ``schema-unpublished`` for a changed event, ``schema-incompatible`` for one that the registry refuses.
    """
    ids = {}
    with Registry(settings.registry) as registry:
        registry.require_compatibility()
        known = set(registry.subjects())
        for port in mesh.ports.values():
            if pending(port.record) is not None:
                raise unpublished(port)
            is_new = port.subject not in known
            ids[port.topic] = register_port(registry, port, is_new=is_new)
            if is_new:
                report(f"registered {port.subject} as schema {ids[port.topic]}")
    return ids


def register_port(registry: Registry, port: Port, *, is_new: bool) -> int:
    """Register every published schema of a port, oldest first; the id of the newest.

    Raises :class:`ContractError` ``schema-incompatible`` when the registry refuses one.
    """
    found = [registry.register(port.subject, published.schema) for published in versions(port.record)]
    if is_new:
        # A subject can be given its own rule only once it exists.
        registry.require_compatibility(port.subject)
    return found[-1]


def schema_ids(settings: Settings) -> dict[str, int]:
    """The id of each topic's present schema: that of the code that runs, not the newest of the registry.

    Raises :class:`PlatformError` ``schema-unregistered`` when a topic has none yet.
    """
    ids = {}
    with Registry(settings.registry) as registry:
        for port in find_mesh(settings).ports.values():
            found = registry.find_id(port.subject, avro_schema(port.record))
            if found is None:
                raise unregistered(port.subject)
            ids[port.topic] = found
    return ids


def unregistered(subject: str) -> PlatformError:
    return PlatformError("schema-unregistered", "is not registered", place=subject, remedy="run `mesh apply`")


def incompatible(subject: str, what: str) -> ContractError:
    """A schema breaks with what is registered under the subject."""
    return ContractError(
        "schema-incompatible",
        what,
        place=subject,
        remedy="add fields with a default only, or publish a new topic version",
    )


def unpublished(port: Port) -> ContractError:
    """An event was changed and its schema not yet written."""
    return ContractError(
        "schema-unpublished",
        f"{port.record.full_name()} has changed since it was published",
        place=str(folder(port.record)),
        remedy="run `mesh build` and commit what it writes",
    )


def _wrapped(schema: dict[str, Any]) -> dict[str, Any]:
    return {"schemaType": "AVRO", "schema": json.dumps(schema, ensure_ascii=False)}


def _message(answer: httpx.Response) -> str:
    """The registry's own words in one line."""
    try:
        text = str(answer.json()["message"])
    except (ValueError, KeyError, TypeError):
        text = answer.text
    return _JAVA_CLASS.sub("", " ".join(text.split()))[:500]

"""Contracts against the standard's own schema (ODCS, from the package of its keepers)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from jsonschema import Draft201909Validator
from jsonschema.exceptions import ValidationError

from mesh.checks.check import Scope
from mesh.kernel.document import Node, read_document
from mesh.kernel.errors import ContractError

API_VERSION = "v3.1.0"


def faults(scope: Scope) -> Iterator[ContractError]:
    """What the standard's schema does not accept in any domain's contract."""
    for domain in scope.domains:
        yield from contract_faults(domain.folder / "contract.yaml", f"{domain.shown_as}/contract.yaml")


def contract_faults(path: Path, shown_as: str = "") -> Iterator[ContractError]:
    """What the standard's schema does not accept in one contract, each with file and line."""
    document = read_document(path, shown_as)
    document.need("apiVersion").one_of((API_VERSION,), "standard-version")
    for error in _validator().iter_errors(document.plain()):
        yield _fault(document, _deepest(error))


@cache
def _validator() -> Draft201909Validator:
    schema: dict[str, Any] = json.loads(
        files("open_data_contract_standard").joinpath("schema.json").read_text()
    )
    return Draft201909Validator(schema)


def _deepest(error: ValidationError) -> ValidationError:
    """The innermost cause, which names what a person wrote rather than which branch it failed."""
    while error.context:
        error = max(error.context, key=lambda cause: len(cause.absolute_path))
    return error


def _fault(document: Node, error: ValidationError) -> ContractError:
    path = list(error.absolute_path)
    where = ".".join(str(step) for step in path)
    message = error.message if len(error.message) < 200 else error.message[:200] + "…"
    return document.at(path).fault("standard-broken", f"{where}: {message}", "see the ODCS 3.1 reference")

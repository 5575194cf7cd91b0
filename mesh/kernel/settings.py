"""Deployment values, apart from logic: one typed object, read from the environment and the running platform.

Order of precedence: environment (``MESH_KAFKA``, …), then what a command has remembered for this home in
``<home>/settings.json``, then the addresses that ``mesh up`` wrote to ``<home>/platform.json``, then the
defaults below.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from mesh.kernel.errors import SettingsError

PLATFORM_FILE = "platform.json"
REMEMBERED_FILE = "settings.json"


class Settings(BaseSettings):
    """Every setting of the mesh. An unknown ``MESH_`` variable is refused by :func:`load_settings`."""

    model_config = SettingsConfigDict(env_prefix="MESH_", frozen=True)

    home: Path = Field(default=Path(".mesh"), description="State of the local platform; ignored by git")
    kafka: str = Field(default="127.0.0.1:9092", description="Kafka bootstrap servers, host:port[,host:port]")
    registry: str = Field(
        default="http://127.0.0.1:8081/apis/ccompat/v7", description="Schema registry, Confluent's interface"
    )
    warehouse: str = Field(default="http://127.0.0.1:8123", description="ClickHouse HTTP interface")
    warehouse_user: str = Field(default="default", description="User of the warehouse")
    warehouse_password: str = Field(default="", description="Password of that user", repr=False)
    retailer: str = Field(default="", description="The retailer whose overlay is in force; empty: none")
    partitions: int = Field(default=4, ge=1, description="Partitions of every co-partitioned topic")
    replication: int = Field(default=1, ge=1, description="Replicas of every topic")
    timezone: str = Field(default="UTC", description="Business time zone (IANA name); stored times are UTC")
    currency: str = Field(default="USD", description="Reporting currency (ISO 4217)")
    workers: int = Field(default=1, ge=1, description="Processes of each stream application")
    domains: str = Field(default="", description="More folders with domains, separated by ':'")
    dead_letter_limit: int = Field(
        default=1000, ge=1, description="Records that one process may park a minute before it stops"
    )
    prometheus: str = Field(default="http://127.0.0.1:9090", description="Prometheus")
    alertmanager: str = Field(default="http://127.0.0.1:9093", description="Alertmanager")
    pager: str = Field(default="http://127.0.0.1:9099", description="The pager, which records incidents")
    operations: str = Field(
        default="operations@retail.example", description="E-mail address of who answers for the platform"
    )
    smtp: str = Field(
        default="",
        description="Mail server of the pager, smtp[s]://[user@]host:port; empty: no mail",
    )
    smtp_password: str = Field(default="", description="Password of that user", repr=False)
    mail_from: str = Field(default="mesh@retail.example", description="Sender of the pager's mails")
    teams: dict[str, str] = Field(
        default={},
        description='Microsoft Teams webhooks by domain ("platform", "*": the rest), as JSON',
        repr=False,
    )
    pager_webhook: str = Field(default="", description="Where the pager posts every page as JSON", repr=False)
    dead_man: str = Field(
        default="", description="Outside address that gets the watchdog, and pages when it stops", repr=False
    )
    runbooks: str = Field(
        default="", description="Where the tree of runbooks is served; empty: paths in this repository"
    )
    certificates: str = Field(default="", description="Certificates to watch (PEM files), separated by ':'")
    disk_free_limit: int = Field(
        default=2 << 30, ge=0, description="Bytes that must stay free where the mesh keeps its state"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Environment first, then what this home remembers, then what the running platform wrote down."""
        return init_settings, env_settings, _Remembered(settings_cls), _RunningPlatform(settings_cls)


class _HomeFile(PydanticBaseSettingsSource):
    """Settings in a JSON file of the home."""

    name: str

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:
        return None, field_name, False

    def __call__(self) -> dict[str, Any]:
        home = self.current_state.get("home") or os.environ.get("MESH_HOME") or ".mesh"
        path = Path(home) / self.name
        return self.values(_read(path)) if path.exists() else {}

    def values(self, document: dict[str, Any]) -> dict[str, Any]:
        """The settings in the document."""
        return document


class _RunningPlatform(_HomeFile):
    """The addresses of the running local platform, from ``<home>/platform.json``."""

    name = PLATFORM_FILE

    def values(self, document: dict[str, Any]) -> dict[str, Any]:
        settings: dict[str, Any] = document["settings"]
        return settings


class _Remembered(_HomeFile):
    """What a command was told once and every process of this home shall know: ``<home>/settings.json``."""

    name = REMEMBERED_FILE


def remember(home: Path, **values: Any) -> bool:
    """Keep settings for every later process of this home; False when they are kept already."""
    path = home / REMEMBERED_FILE
    known = _read(path) if path.exists() else {}
    wanted = {**known, **values}
    if wanted == known:
        return False
    home.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    draft.write_text(json.dumps(wanted, indent=1) + "\n", encoding="utf-8")
    draft.replace(path)
    return True


def _read(path: Path) -> dict[str, Any]:
    remedy = "mend it or delete it"
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(
            "setting-invalid", f"is not JSON ({error})", place=str(path), remedy=remedy
        ) from None
    if not isinstance(document, dict):
        raise SettingsError("setting-invalid", "is not a JSON object", place=str(path), remedy=remedy)
    return document


def load_settings(**overrides: Any) -> Settings:
    """Read the settings; raise :class:`SettingsError` naming the variable and the remedy."""
    known = {f"MESH_{name.upper()}" for name in Settings.model_fields}
    for variable in os.environ:
        if variable.startswith("MESH_") and variable not in known:
            raise SettingsError(
                "setting-unknown",
                "is not a setting of the mesh",
                place=variable,
                remedy="known: " + ", ".join(sorted(known)),
            )
    try:
        return Settings(**overrides)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        raise SettingsError(
            "setting-invalid", first["msg"], place=f"MESH_{name.upper()}", remedy="mend it"
        ) from None

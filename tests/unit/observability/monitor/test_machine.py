"""What the machine tells: certificates, disk, and the parts of the local platform."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from mesh.kernel.metrics import REGISTRY
from mesh.kernel.settings import Settings
from observability.monitor.machine import Machine, certificates, ends

END = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)


def certificate(end: datetime) -> bytes:
    """A certificate that ends then, signed by itself, as PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mesh")])
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, end - timedelta(days=90), end)
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def value(name: str, **labels: str) -> float | None:
    """What Prometheus would read."""
    return REGISTRY.get_sample_value(name, labels)


def test_a_chain_ends_with_its_first_certificate(tmp_path: Path) -> None:
    """The earliest end of a file is what counts."""
    (tmp_path / "chain.pem").write_bytes(certificate(END + timedelta(days=9)) + certificate(END))
    assert ends(tmp_path / "chain.pem") == END.timestamp()


def test_a_certificate_that_cannot_be_read_counts_as_ended(tmp_path: Path) -> None:
    """Somebody must look, since nothing can be said of it."""
    (tmp_path / "broken.pem").write_text("none")
    assert ends(tmp_path / "broken.pem") == ends(tmp_path / "absent.pem") == 0.0


def test_certificates_of_the_settings_and_of_the_home_are_watched(tmp_path: Path) -> None:
    """Named ones whether they are there or not."""
    (tmp_path / "certificates").mkdir()
    (tmp_path / "certificates" / "own.pem").touch()
    found = certificates(Settings(home=tmp_path, certificates="/etc/a.pem:/etc/b.pem"))
    assert [path.name for path in found] == ["a.pem", "b.pem", "own.pem"]


def test_parts_and_certificates_that_are_gone_have_no_series(tmp_path: Path) -> None:
    """What was forgotten must not look alive for ever."""
    folder = tmp_path / "certificates"
    folder.mkdir()
    (folder / "own.pem").write_bytes(certificate(END))
    part = {"pid": os.getpid(), "restarts": 2}
    platform = tmp_path / "platform.json"
    platform.write_text(json.dumps({"settings": {"disk_free_limit": 7}, "parts": {"a": part}}))
    machine = Machine(tmp_path)
    machine.measure()
    path = str(folder / "own.pem")
    assert value("mesh_certificate_end_timestamp_seconds", certificate=path) == END.timestamp()
    assert value("mesh_part_restarts", part="a") == 2
    assert (value("mesh_part_memory_bytes", part="a") or 0) > 1 << 20
    assert value("mesh_disk_free_limit_bytes", volume="home") == 7
    assert (value("mesh_disk_free_bytes", volume="home") or 0) > 0
    (folder / "own.pem").unlink()
    platform.write_text(json.dumps({"settings": {}, "parts": {}}))
    machine.measure()
    assert value("mesh_certificate_end_timestamp_seconds", certificate=path) is None
    assert value("mesh_part_restarts", part="a") is None

"""What lies outside the pager: a mail server, an HTTP receiver, Alertmanager, and the pager's own process."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx
import yaml
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from mesh.kernel.settings import Settings
from mesh.platform.debian import ALERTMANAGER, obtain
from observability.routes import alertmanager
from tests.ports.embedded_server import ROOT, free_port

PATIENCE = 60.0


def wait_for(what: Callable[[], Any], patience: float = PATIENCE) -> Any:
    """The first value of ``what`` that is true; an error of a part that is away is waited out."""
    until = time.monotonic() + patience
    while True:
        problem = ""
        try:
            if found := what():
                return found
        except (httpx.HTTPError, ConnectionError) as error:
            problem = f": {error}"
        if time.monotonic() > until:
            raise TimeoutError(f"not within {patience} s{problem}")
        time.sleep(0.05)


class Mailbox:
    """A real SMTP server that can go away and come back; ``mails`` are all that it ever took."""

    def __init__(self, **options: Any) -> None:
        """``options`` are aiosmtpd's, such as a TLS context."""
        self.mails: list[EmailMessage] = []
        self.logins: list[LoginPassword] = []
        self.refusals = 0
        """So many mails are refused first."""
        self.port = free_port()
        self._options = {"authenticator": self._authenticate, **options}
        self._controller: Controller | None = None
        self.open()

    def open(self) -> None:
        """Begin to listen."""
        self._controller = Controller(self, hostname="127.0.0.1", port=self.port, **self._options)
        self._controller.start()

    def close(self) -> None:
        """Go away."""
        if self._controller is not None:
            self._controller.stop()
        self._controller = None

    def subjects(self) -> list[str]:
        """Of all mails, in the order in which they came."""
        return [str(mail["Subject"]) for mail in self.mails]

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """aiosmtpd's hook for a mail."""
        if self.refusals:
            self.refusals -= 1
            return "451 greylisted, try again"
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        self.mails.append(BytesParser(policy=default).parsebytes(content))
        return "250 OK"

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any
    ) -> AuthResult:
        self.logins.append(data)
        return AuthResult(success=data.password == b"right", handled=False)


class Hook:
    """A real HTTP server that takes posts; ``status`` is what it answers."""

    def __init__(self) -> None:
        self.posts: list[tuple[str, dict[str, Any]]] = []
        self.status = 202
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                if hook.status < 300:
                    hook.posts.append((self.path, body))
                self.send_response(hook.status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def on(self, path: str) -> list[dict[str, Any]]:
        """What was posted to a path."""
        return [body for at, body in self.posts if at == path]

    def close(self) -> None:
        """Go away."""
        self._server.shutdown()
        self._server.server_close()


class PagerProcess:
    """The pager, with these settings; it can be killed and started again."""

    def __init__(self, home: Path, **settings: str) -> None:
        self.home = home
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._http = httpx.Client(base_url=self.url, timeout=10, trust_env=False)
        self.log = home.parent / f"{home.name}.log"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MESH_")}
        self.environment = {
            **kept,
            "MESH_HOME": str(home),
            "MESH_PAGER": self.url,
            "MESH_WAREHOUSE": "http://127.0.0.1:1",
            "PYTHONUNBUFFERED": "1",
            **{name if name.isupper() else f"MESH_{name.upper()}": v for name, v in settings.items()},
        }
        self.start()

    def start(self) -> None:
        """Start it and wait until it answers."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "observability.pager", "--port", str(self.port)],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
            )
        wait_for(lambda: self.process.poll() is None and self._http.get("/healthz").is_success)

    def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """Ask it to end; its exit code."""
        self.process.terminate()
        return self.process.wait(timeout=30)

    def post(self, receiver: str, *alerts: dict[str, Any]) -> httpx.Response:
        """What Alertmanager would post."""
        return self._http.post(f"/alerts/{receiver}", json={"version": "4", "alerts": list(alerts)})

    def incidents(self, state: str = "all") -> list[dict[str, Any]]:
        """The incidents, newest first."""
        answer = self._http.get("/incidents", params={"state": state, "limit": 10_000})
        found: list[dict[str, Any]] = answer.raise_for_status().json()["incidents"]
        return found

    def metrics(self) -> str:
        """What Prometheus reads."""
        return self._http.get("/metrics").text

    def mesh(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """A command line of this mesh."""
        return subprocess.run(
            [sys.executable, "-m", "mesh.cli.main", *arguments],
            cwd=ROOT,
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )


class AlertmanagerProcess:
    """A real Alertmanager with the routes of the mesh."""

    def __init__(self, home: Path, domains: tuple[str, ...], settings: Settings) -> None:
        self.url = f"http://127.0.0.1:{free_port()}"
        programs = obtain(ALERTMANAGER)
        home.mkdir(parents=True)
        (home / "alertmanager.yaml").write_text(yaml.safe_dump(alertmanager(domains, settings, home)))
        self._log = (home / "log").open("wb")
        self._process = subprocess.Popen(
            [
                str(programs.server),
                f"--config.file={home / 'alertmanager.yaml'}",
                f"--storage.path={home / 'data'}",
                f"--web.listen-address={self.url.removeprefix('http://')}",
                "--cluster.listen-address=",
            ],
            cwd=programs.folder,
            stdout=self._log,
            stderr=self._log,
        )
        wait_for(lambda: httpx.get(f"{self.url}/-/ready", trust_env=False).is_success)

    def send(self, labels: dict[str, str], annotations: dict[str, str], *, over: bool = False) -> None:
        """What Prometheus would send: an alert that fires, or that has just ended."""
        alert: dict[str, Any] = {"labels": labels, "annotations": annotations}
        if over:
            alert["endsAt"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        httpx.post(f"{self.url}/api/v2/alerts", json=[alert], trust_env=False).raise_for_status()

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        self._process.wait(timeout=30)
        self._log.close()


def certify(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate of 127.0.0.1 that vouches for itself, and what a server with it shows its clients."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.retail.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate, private = folder / "mail.pem", folder / "mail.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, private)
    return certificate, context

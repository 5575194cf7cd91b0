"""Mail to the owner of an incident, over SMTP."""

from __future__ import annotations

import contextlib
import re
import smtplib
import ssl
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from urllib.parse import unquote, urlsplit

from mesh.kernel.errors import SettingsError
from mesh.kernel.settings import Settings
from observability.pager.channel import DeliveryError, Note
from observability.pager.entry import Change

TIMEOUT = 10.0
"""Seconds that the server may take for an answer."""
LOCAL = ("localhost", "127.0.0.1", "::1")
_PORTS = {"smtp": 25, "smtps": 465}
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9.-]+")


@dataclass(frozen=True)
class Server:
    """A mail server. ``smtps`` is encrypted from the start; ``smtp`` as soon as the server offers it."""

    scheme: str
    host: str
    port: int
    user: str
    password: str = field(repr=False)

    @classmethod
    def of(cls, settings: Settings) -> Server:
        """The one that the settings name; raise :class:`SettingsError` when they name none rightly."""
        try:
            url = urlsplit(settings.smtp)
            port = url.port or _PORTS[url.scheme]
        except (ValueError, KeyError):
            url, port = urlsplit(""), 0
        if url.scheme not in _PORTS or not url.hostname or url.password is not None or url.path.strip("/"):
            raise SettingsError(
                "setting-invalid",
                "is not the address of a mail server",
                place="MESH_SMTP",
                remedy="write smtp[s]://[user@]host:port, the password in MESH_SMTP_PASSWORD",
            )
        return cls(url.scheme, url.hostname, port, unquote(url.username or ""), settings.smtp_password)


class Mail:
    """Sends each note to its owner. Certificates are checked; ``SSL_CERT_FILE`` adds an authority."""

    def __init__(self, server: Server, sender: str, fallback: str) -> None:
        """``fallback`` is who gets the mail of an incident that names no owner."""
        self._server = server
        self._sender = sender
        self._fallback = fallback

    def send(self, note: Note) -> None:
        """Hand it to the server; it answers for it from then on."""
        to = note.incident.owner or self._fallback
        if _ADDRESS.fullmatch(to) is None:
            raise DeliveryError("the owner is not an e-mail address")
        message = compose(note, self._sender, to)
        try:
            self._deliver(message)
        except smtplib.SMTPResponseException as error:
            raise DeliveryError(f"the mail server refused it ({error.smtp_code})") from None
        except smtplib.SMTPRecipientsRefused as error:
            codes = ", ".join(str(code) for code, _ in error.recipients.values())
            raise DeliveryError(f"the mail server refused the address ({codes})") from None
        except ssl.SSLError:
            raise DeliveryError("no trusted encrypted connection to the mail server") from None
        except (smtplib.SMTPException, OSError) as error:
            raise DeliveryError(f"the mail server does not answer ({_kind(error)})") from None

    def _deliver(self, message: EmailMessage) -> None:
        connection = self._connect()
        try:
            if self._server.user:
                connection.login(self._server.user, self._server.password)
            connection.send_message(message)
            with contextlib.suppress(smtplib.SMTPException, OSError):  # it has the mail already
                connection.quit()
        finally:
            connection.close()

    def _connect(self) -> smtplib.SMTP:
        server = self._server
        if server.scheme == "smtps":
            context = ssl.create_default_context()
            return smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT, context=context)
        connection = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT)
        try:
            connection.ehlo()
            if connection.has_extn("starttls"):
                connection.starttls(context=ssl.create_default_context())
                connection.ehlo()
            elif server.user and server.host not in LOCAL:
                raise DeliveryError(
                    "the mail server offers no encryption, and the password is not sent without"
                )
        except BaseException:
            connection.close()
            raise
        return connection


def compose(note: Note, sender: str, to: str) -> EmailMessage:
    """The mail. Those about one incident belong together, and a repeat has the identity of the first."""
    message = EmailMessage()
    domain = sender.rpartition("@")[2]
    message["Subject"] = note.subject
    message["From"] = Address("Retail data mesh", addr_spec=sender)
    message["To"] = to
    message["Date"] = format_datetime(note.at)
    message["Message-ID"] = f"<{note.key}@{domain}>"
    if note.change is not Change.FIRED:
        first = f"<{note.incident.id}.{Change.FIRED}@{domain}>"
        message["In-Reply-To"] = message["References"] = first
    message["Auto-Submitted"] = "auto-generated"  # no answer from those who are on holiday
    if note.incident.severity == "page" and note.change is Change.FIRED:
        message["X-Priority"] = "1"
    message.set_content(note.text, cte="quoted-printable")
    return message


def _kind(error: Exception) -> str:
    """What went wrong, from the system's list of errors; never the server's words."""
    return (error.strerror if isinstance(error, OSError) and error.errno else None) or type(error).__name__

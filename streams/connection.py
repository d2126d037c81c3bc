"""How the settings become the options of an aiokafka client: servers, TLS, SASL.

Theory of operation. A function of the settings and of two files that they name; nothing connects. `ensure` of
`streams.topics` and every command that talks to the broker without the worker take their options from here. The
password is read from its file each time, and stands in no other object.
"""

from __future__ import annotations

import ssl
from typing import Any

from streams.settings import Settings, SettingsError, secret


def client_options(settings: Settings) -> dict[str, Any]:
    """Keyword arguments for any aiokafka client. SettingsError if a file of a secret or certificate cannot be used."""
    options: dict[str, Any] = {
        "bootstrap_servers": settings.bootstrap,
        "security_protocol": settings.security_protocol,
    }
    if settings.security_protocol.endswith("SSL"):
        options["ssl_context"] = tls(settings)
    if settings.security_protocol.startswith("SASL_") and settings.sasl_password_file is not None:
        options["sasl_mechanism"] = settings.sasl_mechanism
        options["sasl_plain_username"] = settings.sasl_username
        options["sasl_plain_password"] = secret(settings.sasl_password_file)
    return options


def tls(settings: Settings) -> ssl.SSLContext:
    """A context that trusts `ssl_cafile`, or the system's certificates. SettingsError if the file holds none."""
    try:
        return ssl.create_default_context(cafile=settings.ssl_cafile)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            f"PORTALWATCH_SSL_CAFILE: {settings.ssl_cafile} holds no PEM certificate: {error}"
        ) from error

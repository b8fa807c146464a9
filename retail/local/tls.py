"""TLS on this machine: certificates that nobody else trusts, and TLS for a server that has none.

python -m retail.local.tls --listen 6380 --target 6379 --certificate server.pem --key server.key
"""

from __future__ import annotations

import argparse
import asyncio
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from retail.local.processes import HOST, ServerError

DAYS = 30
HIGH_WATER_BYTES = 1 << 20

# Extensions are given in full: Python 3.13 checks them strictly.
_AUTHORITY = """[req]
distinguished_name = name
x509_extensions = extensions
prompt = no
[name]
CN = RetailPlatform on this machine
[extensions]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
"""
_SERVER = """[req]
distinguished_name = name
prompt = no
[name]
CN = localhost
[extensions]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = DNS:localhost, IP:127.0.0.1, IP:127.0.0.2
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
"""


@dataclass(frozen=True, slots=True)
class Certificate:
    """A server's certificate for localhost and its addresses, its key, and the authority that a client must know."""

    authority: Path
    certificate: Path
    key: Path


def certificate(directory: Path) -> Certificate:
    """Make an authority and a certificate of it with the openssl command, in a directory that must be there."""
    made = Certificate(directory / "ca.pem", directory / "server.pem", directory / "server.key")
    authority, server, request = directory / "ca.cnf", directory / "server.cnf", directory / "server.csr"
    authority.write_text(_AUTHORITY)
    server.write_text(_SERVER)
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    key = directory / "ca.key"
    _openssl("req", "-x509", *curve, "-days", DAYS, "-config", authority, "-keyout", key, "-out", made.authority)
    _openssl("req", "-new", *curve, "-config", server, "-keyout", made.key, "-out", request)
    signed_by = ("-CA", made.authority, "-CAkey", key, "-CAcreateserial", "-days", DAYS)
    extensions = ("-extfile", server, "-extensions", "extensions")
    _openssl("x509", "-req", "-in", request, *signed_by, *extensions, "-out", made.certificate)
    made.key.chmod(0o600)
    return made


def _openssl(*arguments: object) -> None:
    try:
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
    except FileNotFoundError:
        raise ServerError("openssl is not installed: install it (Debian: apt-get install openssl)") from None


class _Side(asyncio.Protocol):
    """One side of a connection: passes on what it hears, and does not read while the other cannot write."""

    other: _Side
    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(HIGH_WATER_BYTES)

    def data_received(self, data: bytes) -> None:
        self.other.transport.write(data)

    def pause_writing(self) -> None:
        self.other.transport.pause_reading()

    def resume_writing(self) -> None:
        self.other.transport.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        self.other.transport.close()


class _Client(_Side):
    """The side of the client, in TLS; reads from when the server is reached."""

    def __init__(self, target: int) -> None:
        self.target = target

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.transport.pause_reading()
        self.reaching = asyncio.ensure_future(self._reach())

    async def _reach(self) -> None:
        self.other = _Side()
        self.other.other = self
        try:
            await asyncio.get_running_loop().create_connection(lambda: self.other, HOST, self.target)
        except OSError:
            self.transport.abort()
            return
        if self.transport.is_closing():
            self.other.transport.close()
        else:
            self.transport.resume_reading()

    def connection_lost(self, error: Exception | None) -> None:
        if hasattr(self.other, "transport"):
            self.other.transport.close()


async def _serve(listen: int, target: int, certificate: Path, key: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Client(target), HOST, listen, ssl=context)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m retail.local.tls", description="TLS before a server on 127.0.0.1.")
    parser.add_argument("--listen", type=int, required=True, help="the port for clients")
    parser.add_argument("--target", type=int, required=True, help="the server's port")
    parser.add_argument("--certificate", type=Path, required=True)
    parser.add_argument("--key", type=Path, required=True)
    options = parser.parse_args()
    asyncio.run(_serve(options.listen, options.target, options.certificate, options.key))


if __name__ == "__main__":
    main()

"""Nobody on the network reaches any part of the platform."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from tests.platform.program import Program, eventually

LISTENING = "0A"
LOOPBACK_V6 = "00000000000000000000000001000000"
MAPPED = "0000000000000000FFFF0000"
"""What stands before an IPv4 address at a socket of IPv6, as the job's JVM has them while it runs."""


def listeners() -> dict[str, str]:
    """The addresses at which this machine listens, in hexadecimal, by the inode of the socket."""
    found = {}
    for name in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == LISTENING:
                found[words[9]] = words[1].partition(":")[0]
    return found


def sockets(pid: int) -> set[str]:
    """The inodes of a process's sockets."""
    found = set()
    with suppress(OSError):  # ended meanwhile
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                target = str(link.readlink())
                if target.startswith("socket:["):
                    found.add(target[8:-1])
    return found


def is_loopback(address: str) -> bool:
    """Whether nobody but this machine reaches the address; the kernel writes IPv4 with the last byte first."""
    v4 = address.removeprefix(MAPPED)
    return address == LOOPBACK_V6 or (len(v4) == 8 and v4.endswith("7F"))


def test_every_part_listens_on_loopback_only(program: Program) -> None:
    def addresses() -> list[str]:
        listening = listeners()
        pids = [program.child.pid, *program.processes()]
        return [listening[inode] for pid in pids for inode in sockets(pid) if inode in listening]

    # Emulator, writer, reader, cache and its TLS, two tasks, edge, page; a task may just be started again.
    eventually(lambda: len(addresses()) >= 9)
    assert [each for each in addresses() if not is_loopback(each)] == []

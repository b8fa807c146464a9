"""What each role of the platform that runs has used, not used, and been denied.

    python -m retail.local.roles [--state .local/run/aws] [--json]

It needs a platform that was started with its policies enforced.
"""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path

from retail.local.emulator import Emulator
from retail.local.platform.deployed import Deployed
from retail.local.platform.start import ENVIRONMENT, PROJECT
from retail.local.roles import decisions
from retail.local.roles.report import as_text, report
from retail.ops.cli import InputError, Parser, exit_status

STATE = Path(".local/run/aws")


def work() -> None:
    """Print the report."""
    parser = Parser(prog="python -m retail.local.roles", description="What each role has used and been denied.")
    parser.add_argument("--endpoint-url", required=True, help="the emulator's address")
    parser.add_argument("--state", type=Path, default=STATE, help=f"the emulator's folder, {STATE}")
    parser.add_argument("--json", action="store_true", help="for programs")
    options = parser.parse_args()
    if not (options.state / decisions.NAME).exists():
        raise InputError(f"--state {options.state} holds no decisions: start the platform with make local IAM=enforce")
    root = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    deployed = Deployed(Emulator(options.endpoint_url, root), PROJECT, ENVIRONMENT)
    reports = report(deployed, decisions.read(options.state))
    print(json.dumps([asdict(each) for each in reports], indent=2) if options.json else as_text(reports))


def main() -> int:
    """Returns the exit status."""
    return exit_status("roles", work)


if __name__ == "__main__":
    sys.exit(main())

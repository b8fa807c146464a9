"""Deploy the platform, or one of its stacks, by `aws cloudformation deploy` on the files in out/.

    python -m retail.ops.deploy --environment dev                  # all the rest stands in environments/dev.yaml
    python -m retail.ops.deploy --environment dev --only 05
    python -m retail.ops.deploy --environment dev --dry-run        # the commands, and nothing of AWS is asked

A run that a failure has stopped is carried on by running it again: what is there and unchanged is left alone.
The exit status is 1 when a stack fails, and 2 when something given is wrong, which is said before any stack
is touched.
"""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Sequence

from retail.ops import cli, dry_run, progress, request, required, stacks
from retail.ops.cli import say
from retail.ops.deployment import Deployment

PROGRAM = "retail.ops.deploy"


def deploy(arguments: Sequence[str]) -> None:
    """Check what is asked, then do it."""
    asked = request.parse(arguments, PROGRAM)
    templates = request.templates(asked)
    given = request.parameters(asked, templates)
    cli.check_tool()
    region = cli.primary_region(asked.region)
    platform = stacks.platform(asked.project, asked.environment, region)
    if asked.dry_run:
        say(dry_run.script(asked, platform, given))
        return
    cli.check_credentials(region)
    if stacks.INGRESS in given:
        ingress = given[stacks.INGRESS]
        required.check_zone(ingress["DomainName"], ingress["HostedZoneId"], region)
    if stacks.SECURITY in given and "CloudFrontPrefixListId" not in given[stacks.SECURITY]:
        given[stacks.SECURITY]["CloudFrontPrefixListId"] = required.prefix_list(region)
    imported = {title for template in templates.values() for title in template.imports}
    required.check_predecessors(asked.only, imported - set(asked.titles), platform.values())

    started = time.monotonic()
    with progress.showing(asked.titles) as shown:
        Deployment(asked, platform, given, shlex.join([cli.PYTHON, "-m", PROGRAM, *arguments]), shown).run()
    elapsed = time.monotonic() - started
    shop = f" The shop: https://{given[stacks.INGRESS]['DomainName']}" if stacks.INGRESS in given else ""
    say(f"{asked.project}-{asked.environment} is deployed in {region}, after {elapsed:.0f} s.{shop}")


def main() -> int:
    """Deploy as the command line says; returns the exit status."""
    return cli.exit_status(PROGRAM, lambda: deploy(sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())

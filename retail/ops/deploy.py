"""Deploy the platform, or one of its stacks, by `aws cloudformation deploy` on the files in out/.

    python -m retail.ops.deploy --environment dev --domain store.example.com --hosted-zone Z0123456789
    python -m retail.ops.deploy --environment dev --only 05

A run that a failure has stopped is carried on by running it again: what is there and unchanged is left alone.
The exit status is 1 when a stack fails, and 2 when something given is wrong, which is said before any stack
is touched.
"""

from __future__ import annotations

import shlex
import sys
import time
from collections.abc import Sequence

from retail.ops import artifacts, cli, preflight, request, stacks
from retail.ops.cli import CliError, StackError, aws, say
from retail.ops.request import Request
from retail.ops.stacks import EDGE_REGION, Stack, State

PROGRAM = "retail.ops.deploy"

FIRST_COUNT = "2"
GEOGRAPHIES = {"us-": "us", "eu-": "eu", "ap-": "apac"}
"""Of cross-Region inference, by how the Region begins; elsewhere the model is called in the Region itself."""


class Deployment:
    """One run over the chosen stacks."""

    def __init__(
        self, asked: Request, platform: dict[str, Stack], given: dict[str, dict[str, str]], command: str
    ) -> None:
        self.asked = asked
        self.platform = platform
        self.given = given
        self.command = command

    def run(self) -> None:
        """Deploy the stacks in order. Raises StackError at the first that fails."""
        for title in self.asked.titles:
            stack = self.platform[title]
            before = stacks.ready_to_deploy(stack)
            if title == stacks.APPLICATION and before is None:
                preflight.make_service_linked_roles(stack.region)
            self.upload(stack)
            self.deploy(stack, before, self.wired(stack) | self.sized(stack, before))
            if title == stacks.APPLICATION and before is None:
                self.hand_over_count(stack)
            if title == (stacks.NETWORKING if self.asked.only else stacks.SECURITY):
                self.encrypt_flow_logs()

    def wired(self, stack: Stack) -> dict[str, str]:
        """The parameters that travel from another Region or scope, where no import reaches."""
        if stack.title == stacks.INGRESS_WAF:
            security = self.platform[stacks.SECURITY]
            # A log group takes only a key of its own Region (T49).
            if security.region != EDGE_REGION:
                return {"Scope": "waf"}
            return {"Scope": "waf", "WafLogsKmsKeyArn": stacks.outputs(security, "KeyArn")["KeyArn"]}
        if stack.title == stacks.INGRESS:
            waf = self.platform[stacks.INGRESS_WAF]
            return {"Scope": "cdn"} | stacks.outputs(waf, "WebAclArn", "ViewerCertificateArn")
        return {}

    def sized(self, stack: Stack, before: State | None) -> dict[str, str]:
        """What the application begins with; from then on scaling owns its count, and --set the rest (T111)."""
        if stack.title != stacks.APPLICATION:
            return {}
        if before:
            return {"DesiredCount": "keep"}
        return {"DesiredCount": FIRST_COUNT, "BedrockGeography": GEOGRAPHIES.get(stack.region[:3], "none")}

    def upload(self, stack: Stack) -> None:
        """Put the code that the stack is about to name into the artifacts bucket."""
        if keys := sorted(artifacts.keys(stack.title).values()):
            bucket = stacks.outputs(self.platform[stacks.DATA], "ArtifactsBucketName")["ArtifactsBucketName"]
            missing = artifacts.upload(keys, bucket, stack.region)
            say(f"{stack.label}: {missing} of {len(keys)} files of code uploaded")

    def hand_over_count(self, stack: Stack) -> None:
        """Let go of the first count at once, so that no change made elsewhere sets a scaled service back (T111)."""
        before = stacks.describe(stack)
        self.deploy(stack, before, {"DesiredCount": "keep"}, " (task count handed to scaling)")

    def encrypt_flow_logs(self) -> None:
        """Networking comes before the key, so it is given the key's ARN afterwards (T200)."""
        stack, security = self.platform[stacks.NETWORKING], stacks.describe(self.platform[stacks.SECURITY])
        before = stacks.describe(stack)
        key = security and security.outputs.get("KeyArn")
        if before and key and before.parameters.get("FlowLogsKmsKeyArn") != key:
            self.deploy(stack, before, {"FlowLogsKmsKeyArn": key}, " (flow logs under the key)")

    def deploy(self, stack: Stack, before: State | None, values: dict[str, str], purpose: str = "") -> None:
        """Deploy one stack and say how that went. What is not passed keeps its value, or has its default."""
        label = stack.label + purpose
        values = values | self.given[stack.title]
        started = time.monotonic()
        say(f"{label} ...")
        try:
            printed = aws(
                "cloudformation", "deploy",
                "--stack-name", stack.name,
                "--template-file", str(stack.template),
                "--capabilities", "CAPABILITY_NAMED_IAM",
                "--no-fail-on-empty-changeset",
                "--parameter-overrides", *(f"{name}={value}" for name, value in values.items()),
                "--tags", f"Project={self.asked.project}", f"Environment={self.asked.environment}",
                region=stack.region,
            )  # fmt: skip
        except CliError as error:
            block = stacks.failure(stack, stacks.why(stack, error))
            raise StackError(f"{block}\n  then:  mend that, and carry on with {self.command}") from None
        outcome = "no changes" if "No changes to deploy" in printed else "updated" if before else "created"
        say(f"{label} {outcome} in {time.monotonic() - started:.1f} s")


def deploy(arguments: Sequence[str]) -> None:
    """Check what is asked, then do it."""
    asked = request.parse(arguments, PROGRAM)
    templates = request.templates(asked)
    given = request.parameters(asked, templates)
    cli.check_tool()
    region = cli.primary_region(asked.region)
    cli.check_credentials(region)
    platform = stacks.platform(asked.project, asked.environment, region)
    if stacks.INGRESS in given:
        ingress = given[stacks.INGRESS]
        preflight.check_zone(ingress["DomainName"], ingress["HostedZoneId"], region)
    if stacks.SECURITY in given and "CloudFrontPrefixListId" not in given[stacks.SECURITY]:
        given[stacks.SECURITY]["CloudFrontPrefixListId"] = preflight.prefix_list(region)
    imported = {title for template in templates.values() for title in template.imports}
    preflight.check_predecessors(asked.only, imported - set(asked.titles), platform.values())

    started = time.monotonic()
    Deployment(asked, platform, given, shlex.join(["python", "-m", PROGRAM, *arguments])).run()
    elapsed = time.monotonic() - started
    shop = f" The shop: https://{given[stacks.INGRESS]['DomainName']}" if stacks.INGRESS in given else ""
    say(f"{asked.project}-{asked.environment} is deployed in {region}, after {elapsed:.0f} s.{shop}")


def main() -> int:
    """Deploy as the command line says; returns the exit status."""
    return cli.exit_status(PROGRAM, lambda: deploy(sys.argv[1:]))


if __name__ == "__main__":
    sys.exit(main())

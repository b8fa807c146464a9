"""One run over the chosen stacks, and over what has to happen between them."""

from __future__ import annotations

from retail.ops import (
    artifacts,
    commands,
    emitted,
    image,
    protection,
    roles,
    smoke,
    stacks,
    tasks,
    unchanged,
    warehouse,
    watch,
)
from retail.ops.cli import CliError, StackError, aws, say
from retail.ops.progress import Progress
from retail.ops.request import Request
from retail.ops.stacks import EDGE_REGION, Stack, State

IMAGE = "ContainerImage"
GEOGRAPHIES = {"us-": "us", "eu-": "eu", "ap-": "apac"}
"""Of cross-Region inference, by how the Region begins; elsewhere the model is called in the Region itself."""

NO_SUCH_API = "(400) when calling the GetNamespace operation"
"""AWS names a code in each of its errors; an answer without one is an emulator's, which has no Redshift."""


class Deployment:
    """One run over the chosen stacks."""

    def __init__(
        self,
        asked: Request,
        platform: dict[str, Stack],
        given: dict[str, dict[str, str]],
        command: str,
        progress: Progress,
    ) -> None:
        self.asked = asked
        self.platform = platform
        self.given = given
        self.command = command
        self.progress = progress
        self.tags = commands.tags(asked.project, asked.environment)
        self.allowed = {title: protection.allowed_in(title) for title in asked.titles}

    def run(self) -> None:
        """Deploy the stacks in order. Raises StackError at the first that fails."""
        for title in self.asked.titles:
            stack = self.platform[title]
            try:
                self.bring(stack)
            except CliError as error:  # a call around the stack: denied, or signed out since the run began
                raise self.stopped(stack, str(error)) from None
        if not self.asked.only and not self.asked.stacks_only:
            smoke.test(self.given[stacks.INGRESS]["DomainName"])

    def bring(self, stack: Stack) -> None:
        """Deploy one stack, with what has to happen before and after it."""
        title, before, given = stack.title, stacks.ready_to_deploy(stack), self.given[stack.title]
        if title == stacks.APPLICATION and before is None:
            roles.make(stack.region)
        self.upload(stack)
        values = self.wired(stack) | self.sized(stack, before) | self.image(stack, before)
        kept = protection.of_data(stack, given)
        with protection.loosened(stack, before, self.allowed[title]):
            self.deploy(stack, before, values | given | (kept if before else dict.fromkeys(kept, "false")))
        if before is None and "true" in kept.values():
            self.deploy(stack, stacks.describe(stack), kept, " (protected from deletion)")
        if title == stacks.APPLICATION and before is None:
            self.hand_over_count(stack)
        if title == (stacks.NETWORKING if self.asked.only else stacks.SECURITY):
            self.encrypt_flow_logs()
        protection.protect(stack, self.asked.environment)
        if title == stacks.DATA:
            self.fill_database()
        if title == stacks.ANALYTICS:
            self.prepare_warehouse()

    def wired(self, stack: Stack) -> dict[str, str]:
        """The parameters that travel from another Region or scope, where no import reaches."""
        if stack.title == stacks.INGRESS_WAF:
            security = self.platform[stacks.SECURITY]
            # A log group takes only a key of its own Region (T49).
            if security.region != EDGE_REGION:
                return {"Scope": stack.scope}
            return {"Scope": stack.scope, "WafLogsKmsKeyArn": stacks.outputs(security, "KeyArn")["KeyArn"]}
        if stack.title == stacks.INGRESS:
            waf = self.platform[stacks.INGRESS_WAF]
            return {"Scope": stack.scope} | stacks.outputs(waf, "WebAclArn", "ViewerCertificateArn")
        return {}

    def sized(self, stack: Stack, before: State | None) -> dict[str, str]:
        """The model that the application begins with; after that scaling owns its count, and --set the rest (T111)."""
        if stack.title != stacks.APPLICATION:
            return {}
        if before:
            return {"DesiredCount": "keep"}
        return {"BedrockGeography": GEOGRAPHIES.get(stack.region[:3], "none")}

    def image(self, stack: Stack, before: State | None) -> dict[str, str]:
        """The application's image, built and pushed once there is a repository; nothing where one is given."""
        if stack.title != stacks.APPLICATION or before is None or self.asked.stacks_only:
            return {}
        if IMAGE in self.given[stack.title]:
            return {}
        uri = stacks.outputs(stack, "RepositoryUri")["RepositoryUri"]
        built = image.provide(image.Repository(uri, stack.region), stack.label)
        return {IMAGE: built} if built else {}

    def upload(self, stack: Stack) -> None:
        """Put the code that the stack is about to name into the artifacts bucket."""
        if keys := sorted(artifacts.keys(stack.title).values()):
            bucket = stacks.outputs(self.platform[stacks.DATA], "ArtifactsBucketName")["ArtifactsBucketName"]
            missing = artifacts.upload(keys, bucket, stack.region)
            say(f"{stack.label}: {missing} of {len(keys)} files of code uploaded")

    def hand_over_count(self, stack: Stack) -> None:
        """Bring the image, and let go of the first count at once, so that no change sets a scaled service back (T111).

        One update for both: each takes as long as the service takes to settle.
        """
        before = stacks.describe(stack)
        built = self.image(stack, before)
        purpose = " (image; task count handed to scaling)" if built else " (task count handed to scaling)"
        self.deploy(stack, before, {"DesiredCount": "keep"} | built | self.given[stack.title], purpose)

    def encrypt_flow_logs(self) -> None:
        """Networking comes before the key, so it is given the key's ARN afterwards (T200)."""
        stack, security = self.platform[stacks.NETWORKING], stacks.describe(self.platform[stacks.SECURITY])
        before = stacks.describe(stack)
        key = security and security.outputs.get("KeyArn")
        if before and key and before.parameters.get("FlowLogsKmsKeyArn") != key:
            self.deploy(
                stack, before, {"FlowLogsKmsKeyArn": key} | self.given[stack.title], " (flow logs under the key)"
            )

    def fill_database(self) -> None:
        """Migrations, and the first products where they are asked for; only the real image has them."""
        application = self.platform[stacks.APPLICATION]
        if self.asked.stacks_only or (state := stacks.describe(application)) is None:
            return
        stand_in = emitted.read(application.template).parameters[IMAGE]["Default"]
        if state.parameters[IMAGE] == stand_in:
            say("05 data: no migrations, as the stand-in runs and not the storefront")
            return
        for module in (tasks.MIGRATE, *([tasks.SEED] if self.asked.seed else [])):
            tasks.run(application, module)

    def prepare_warehouse(self) -> None:
        """Redshift's own objects, which CloudFormation cannot make (T194)."""
        if self.asked.stacks_only:
            return
        try:
            warehouse.prepare(self.asked.project, self.asked.environment, self.platform[stacks.ANALYTICS].region)
        except CliError as error:
            if NO_SUCH_API not in str(error):
                raise
            say("07 analytics: no schemas and views in Redshift, as this AWS has none (an emulator?)")

    def deploy(self, stack: Stack, before: State | None, values: dict[str, str], purpose: str = "") -> None:
        """Deploy one stack and say how that went. What is not passed keeps its value, or has its default."""
        self.progress.begin(stack.label + purpose, stack.title, new=before is None)
        if before and unchanged.is_current(stack, before, values, self.tags):
            self.progress.end("no changes")
            return
        try:
            with watch.watching(stack, self.progress.at):
                printed = aws(*commands.deployment(stack, values, self.tags), region=stack.region)
        except CliError as error:
            raise self.stopped(stack, stacks.why(stack, error)) from None
        self.progress.end("no changes" if "No changes to deploy" in printed else "updated" if before else "created")

    def stopped(self, stack: Stack, cause: str) -> StackError:
        """The block that says which stack stopped the run, why, and how to carry on."""
        return StackError(f"{stacks.failure(stack, cause)}\n  then:  mend that, and carry on with {self.command}")

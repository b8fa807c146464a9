"""The emitted stacks that carry events, deployed unchanged to the local AWS."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from retail.contracts import secrets
from retail.local.emulator import Emulator
from retail.local.postgres import Postgres
from tests.emitted import OUT, template
from tests.local.conftest import Deployer

PROJECT = "proof"
STACKS = ("01-networking", "02-security", "05-data", "06-events")
MORE_STACKS = ("03-ingress", "04-application", "07-analytics")
PIPELINES = ("OrderProcessing", "InventoryUpdate", "CustomerNotification")
FUNCTIONS = ("OrderProcessor", "InventoryHandler", "Notification")


@dataclass(frozen=True)
class Platform:
    """What the deployed stacks have made, by its logical id; of each stack it is the one in out/."""

    aws: Emulator
    made: dict[str, str]

    @classmethod
    def deploy(cls, aws: Emulator) -> Platform:
        """Deploy the stacks in order, under a project name of their own."""
        return cls(aws, {})._with(STACKS, {"CloudFrontPrefixListId": "pl-3b927c52"})

    def with_analytics(self) -> Platform:
        """Deploy the remaining stacks as well, 03 in its two phases."""
        zone = self.client("route53").create_hosted_zone(Name="example.com", CallerReference=PROJECT)["HostedZone"]
        given = {"DomainName": "store.example.com", "HostedZoneId": zone["Id"].split("/")[-1]}
        deployer, first = Deployer(self.client("cloudformation")), f"{PROJECT}-waf"
        status = deployer.create(first, (OUT / "03-ingress.yaml").read_text(), Project=PROJECT, Scope="waf", **given)
        assert status == "CREATE_COMPLETE", deployer.failures(first)
        return self._with(MORE_STACKS, given | deployer.outputs(first))

    def _with(self, names: tuple[str, ...], given: dict[str, str]) -> Platform:
        deployer = Deployer(self.client("cloudformation"))
        made = dict(self.made)
        for name in names:
            parameters = {"Project": PROJECT} | given
            declared = {key: value for key, value in parameters.items() if key in template(name)["Parameters"]}
            stack = f"{PROJECT}-{name}"
            status = deployer.create(stack, (OUT / f"{name}.yaml").read_text(), **declared)
            assert status == "CREATE_COMPLETE", deployer.failures(stack)
            made |= deployer.refs(stack)
        return Platform(self.aws, made)

    def client(self, service: str) -> Any:
        return self.aws.client(service)

    @cached_property
    def settings(self) -> dict[str, str]:
        """The environment of all three functions, as the events stack has filled it in. They agree where they share."""
        configuration = self.client("lambda").get_function_configuration
        variables: dict[str, str] = {}
        for function in FUNCTIONS:
            told = configuration(FunctionName=self.made[function])["Environment"]["Variables"]
            assert all(variables.get(name, value) == value for name, value in told.items())
            variables |= told
        return variables

    def give_login(self, postgres: Postgres) -> None:
        """Put the local database's login into the deployed secret."""
        login = {secrets.USERNAME: postgres.user, secrets.PASSWORD: postgres.password}
        arn = self.settings["DATABASE_SECRET_ARN"]
        self.client("secretsmanager").put_secret_value(SecretId=arn, SecretString=json.dumps(login))

    def queue(self, pipeline: str) -> str:
        """The URL of a pipeline's queue."""
        return self.made[f"{pipeline}Queue"]

    def dead_letters(self, pipeline: str) -> str:
        """The URL of its dead letters' queue."""
        return self.made[f"{pipeline}DeadLetters"]

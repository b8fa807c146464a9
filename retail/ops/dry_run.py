"""A deployment as a shell script: what would be run, in order, printed and not run.

What one step makes and another needs stands as the command that would ask for it, so the script runs as it is.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from retail.ops import artifacts, commands, image, protection, required, roles, stacks, tasks
from retail.ops.cli import PYTHON
from retail.ops.deployment import GEOGRAPHIES, IMAGE
from retail.ops.request import Request
from retail.ops.stacks import EDGE_REGION, Stack

HEAD = """\
#!/usr/bin/env bash
# What a first deployment runs. A later one keeps the count of tasks (DesiredCount=keep) from the start, and leaves
# out what is there and unchanged.
set -euo pipefail
"""


def script(asked: Request, platform: dict[str, Stack], given: dict[str, dict[str, str]]) -> str:
    """The commands for the stacks asked for. Nothing is asked of AWS."""
    return "\n".join([HEAD, *(line for title in asked.titles for line in _stack(asked, platform, given, title))])


def _stack(asked: Request, platform: dict[str, Stack], given: dict[str, dict[str, str]], title: str) -> Iterator[str]:
    stack = platform[title]
    yield f"# {stack.label}"
    if title == stacks.APPLICATION:
        yield from (f"{_aws(roles.creation(service))} || true  # unless it is there" for service in roles.SERVICES)
    if keys := sorted(artifacts.keys(title).values()):
        bucket = _output(platform[stacks.DATA], "ArtifactsBucketName")
        names = shlex.join(word for key in keys for word in ("--include", key))
        yield f"aws s3 sync build s3://{bucket} --size-only --exclude '*' {names} --region {stack.region}"
    wired = _wired(platform, given, title)
    values = {name: value for name, value in _first(stack).items() if name not in wired} | given[title]
    asked_for = {name: value for name, value in wired.items() if name not in given[title]}
    kept = protection.of_data(stack, given[title])
    yield _deploy(asked, stack, values | dict.fromkeys(kept, "false"), asked_for)
    if "true" in kept.values():
        yield f"# {stack.label}, again: protected from deletion, which would have kept a failed creation from going"
        yield _deploy(asked, stack, given[title] | kept, {})
    yield from _protection(asked, stack)
    if title == stacks.SECURITY and not asked.only:
        yield "# 01 networking, again: flow logs under the key"
        key = {"FlowLogsKmsKeyArn": _output(stack, "KeyArn")}
        yield _deploy(asked, platform[stacks.NETWORKING], given[stacks.NETWORKING], key)
    if title == stacks.APPLICATION:
        yield from _image(asked, stack, given[title])
    if title == stacks.DATA and not asked.stacks_only:
        yield from (_task(platform[stacks.APPLICATION], module) for module in _modules(asked))
    if title == stacks.ANALYTICS and not asked.stacks_only:
        where = ["--environment", asked.environment, "--project", asked.project, "--region", stack.region]
        yield shlex.join([PYTHON, "-m", "retail.ops.warehouse", *where])
        if not asked.only:
            yield f"curl --fail https://{given[stacks.INGRESS]['DomainName']}/healthz"


def _protection(asked: Request, stack: Stack) -> Iterator[str]:
    where = f"--stack-name {stack.name} --region {stack.region}"
    scope = f" Scope={stack.scope}" if stack.scope else ""
    policy = f"$({PYTHON} -m retail.ops.plan.policies {stack.template.stem}{scope})"
    yield f'aws cloudformation set-stack-policy {where} --stack-policy-body "{policy}"'
    if asked.environment in protection.PROTECTED:
        yield f"aws cloudformation update-termination-protection --enable-termination-protection {where}"


def _first(stack: Stack) -> dict[str, str]:
    if stack.title == stacks.APPLICATION:
        return {"BedrockGeography": GEOGRAPHIES.get(stack.region[:3], "none")}
    return {"Scope": stack.scope} if stack.scope else {}


def _wired(platform: dict[str, Stack], given: dict[str, dict[str, str]], title: str) -> dict[str, str]:
    """What only AWS knows, as the command that asks for it."""
    stack = platform[title]
    if title == stacks.SECURITY and "CloudFrontPrefixListId" not in given[title]:
        words = ["ec2", "describe-managed-prefix-lists", "--region", stack.region, "--output", "text"]
        words += ["--filters", f"Name=prefix-list-name,Values={required.PREFIX_LIST}"]
        return {"CloudFrontPrefixListId": f'"$({_aws([*words, "--query", "PrefixLists[0].PrefixListId"])})"'}
    if title == stacks.INGRESS_WAF and platform[stacks.SECURITY].region == EDGE_REGION:
        return {"WafLogsKmsKeyArn": _output(platform[stacks.SECURITY], "KeyArn")}
    if title == stacks.INGRESS:
        waf = platform[stacks.INGRESS_WAF]
        return {name: _output(waf, name) for name in ("WebAclArn", "ViewerCertificateArn")}
    return {}


def _deploy(asked: Request, stack: Stack, values: dict[str, str], asked_for: dict[str, str]) -> str:
    tags = commands.tags(asked.project, asked.environment)
    words = [shlex.quote(word) for word in commands.deployment(stack, values, tags)]
    at = words.index("--parameter-overrides") + 1
    words[at:at] = [f"{name}={command}" for name, command in asked_for.items()]
    return f"aws {' '.join(words)} --region {stack.region}"


def _image(asked: Request, stack: Stack, given: dict[str, str]) -> Iterator[str]:
    """The second deployment of 04: the image, unless one is given, and the count handed to scaling."""
    built = {}
    if IMAGE not in given and not asked.stacks_only:
        yield "# the image; without docker: finch or podman in its place; without all three leave it out"
        repository = _output(stack, "RepositoryUri")
        tag = image.content_tag()
        build, push = image.commands("docker", "IMAGE")
        yield f"repository={repository}"
        yield f'{shlex.join(build[:-2])} "$repository:{tag}" .'
        password = _aws(["ecr", "get-login-password", "--region", stack.region])
        yield f'{password} | {shlex.join(image.login("docker", "")[:-1])} "${{repository%%/*}}"'
        yield f'{shlex.join(push[:-1])} "$repository:{tag}"'
        built = {IMAGE: f'"$repository:{tag}"'}
    yield "# 04 application, again: task count handed to scaling"
    yield _deploy(asked, stack, given | {"DesiredCount": given.get("DesiredCount", "keep")}, built)


def _modules(asked: Request) -> list[str]:
    return [tasks.MIGRATE, *([tasks.SEED] if asked.seed else [])]


def _task(application: Stack, module: str) -> str:
    cluster, service = _output(application, "ClusterName"), _output(application, "ServiceName")
    of_service = f"aws ecs describe-services --cluster {cluster} --services {service} --region {application.region}"
    override = f'{{"containerOverrides":[{{"name":"storefront","command":["python","-m","{module}"]}}]}}'
    return (
        f"aws ecs run-task --cluster {cluster} --launch-type FARGATE --region {application.region}"
        f' --task-definition "$({of_service} --query services[0].taskDefinition --output text)"'
        f' --network-configuration "$({of_service} --query services[0].networkConfiguration --output json)"'
        f" --overrides {shlex.quote(override)}  # and wait for its end"
    )


def _output(stack: Stack, name: str) -> str:
    query = f"Stacks[0].Outputs[?OutputKey=='{name}'].OutputValue"
    words = ["cloudformation", "describe-stacks", "--stack-name", stack.name, "--region", stack.region]
    return f'"$({_aws([*words, "--query", query, "--output", "text"])})"'


def _aws(words: list[str]) -> str:
    return shlex.join(["aws", *words])

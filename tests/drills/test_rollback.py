"""The storefront rolled back to the image that ran before, by its stack."""

from __future__ import annotations

from typing import Any

import pytest

from tests.drills.conftest import Drill, drill_on
from tests.drills.stand_in import answering_json
from tests.local.conftest import Deployer
from tests.proof.platform import Platform

STACK = "retail-dev-application"
STAND_IN = "public.ecr.aws/docker/library/python:3.13-alpine"
FIRST, SECOND, THIRD = (f"shop.example.com/storefront:{number}" for number in (1, 2, 3))


def deploy(platform: Platform, image: str) -> None:
    """Deploy 04 with an image, as make does."""
    cloudformation = platform.client("cloudformation")
    (stack,) = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
    given = {"ContainerImage": image, "DesiredCount": "keep"}
    cloudformation.update_stack(
        StackName=STACK,
        UsePreviousTemplate=True,
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[
            {"ParameterKey": name, "ParameterValue": given[name]}
            if name in given
            else {"ParameterKey": name, "UsePreviousValue": True}
            for name in (each["ParameterKey"] for each in stack["Parameters"])
        ],
    )
    assert Deployer(cloudformation).settled(STACK) == "UPDATE_COMPLETE"


def parameters(platform: Platform) -> dict[str, str]:
    (stack,) = platform.client("cloudformation").describe_stacks(StackName=STACK)["Stacks"]
    return {each["ParameterKey"]: each["ParameterValue"] for each in stack["Parameters"]}


def running(platform: Platform) -> str:
    """The image that the service is told to run."""
    ecs, made = platform.client("ecs"), platform.made
    (service,) = ecs.describe_services(cluster=made["Cluster"], services=[made["StorefrontService"]])["services"]
    definition = ecs.describe_task_definition(taskDefinition=service["taskDefinition"])["taskDefinition"]
    return str(definition["containerDefinitions"][0]["image"])


@pytest.mark.slow
def test_with_no_image_but_the_stand_in_there_is_nothing_to_go_back_to(deployed: Platform, drill: Drill) -> None:
    assert parameters(deployed)["ContainerImage"] == STAND_IN
    deploy(deployed, FIRST)
    done = drill("rollback")
    assert done.returncode == 2
    assert done.stderr == (
        f"retail.ops.drills.rollback: --image is missing: ECS knows no image that ran before {FIRST}\n"
    )
    assert running(deployed) == FIRST


def test_the_image_that_ran_before_runs_again_and_the_stack_says_so(deployed: Platform, drill: Drill) -> None:
    deploy(deployed, SECOND)
    deploy(deployed, THIRD)
    shown = drill("rollback", "--dry-run")
    assert shown.stdout == f"04 application: would change {THIRD} to {SECOND}\n"
    assert running(deployed) == THIRD

    done = drill("rollback")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[0] == f"04 application: {THIRD} -> {SECOND} ..."
    assert done.stdout.splitlines()[-1].startswith("the service is steady: 2 of 2 tasks, 1 deployments")
    assert running(deployed) == SECOND
    assert {name: parameters(deployed)[name] for name in ("ContainerImage", "DesiredCount")} == {
        "ContainerImage": SECOND,
        "DesiredCount": "keep",
    }


def test_the_image_that_ran_before_is_found_on_whichever_page_ecs_lists_its_family(deployed: Platform) -> None:
    """CloudFormation gives each revision a family of its own name, and ECS lists a hundred at a time."""
    replaced = {f"{STACK}-StorefrontTask-{page}": f"shop.example.com/of-page:{page}" for page in (1, 2)}
    first, second = replaced
    pages: dict[str, dict[str, Any]] = {"": {"families": [first], "nextToken": "more"}, "more": {"families": [second]}}

    def answer(action: str, asked: dict[str, str]) -> dict[str, Any]:
        if action == "ListTaskDefinitionFamilies":
            assert asked["familyPrefix"] == STACK
            return pages[asked.get("nextToken", "")]
        if action == "ListTaskDefinitions":
            return {"taskDefinitionArns": [asked["familyPrefix"]] * (asked["status"] == "INACTIVE")}
        assert action == "DescribeTaskDefinition", action
        family = asked["taskDefinition"]
        definition = {"registeredAt": int(family[-1]), "containerDefinitions": [{"image": replaced[family]}]}
        return {"taskDefinition": definition}

    with answering_json(answer) as url:
        environment = deployed.aws.environment | {"AWS_ENDPOINT_URL_ECS": url}
        shown = drill_on(deployed.aws, environment)("rollback", "--dry-run")
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.endswith(" to shop.example.com/of-page:2\n")


@pytest.mark.slow
def test_an_image_that_is_named_runs_and_naming_it_again_changes_nothing(deployed: Platform, drill: Drill) -> None:
    for _ in range(2):
        done = drill("rollback", "--image", "shop.example.com/storefront:0")
        assert done.returncode == 0, done.stdout + done.stderr
        assert running(deployed) == "shop.example.com/storefront:0"


def test_an_image_that_the_repository_no_longer_holds_is_told_before_anything_is_changed(
    deployed: Platform, drill: Drill
) -> None:
    before = running(deployed)
    name = deployed.made["Repository"]
    uri = deployed.client("ecr").describe_repositories(repositoryNames=[name])["repositories"][0]["repositoryUri"]
    done = drill("rollback", "--image", f"{uri}:gone")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"retail.ops.drills.rollback: --image {uri}:gone: repository {name} does not hold it")
    done = drill("rollback", "--image", "1a2b3c4")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"--image 1a2b3c4: give it with its repository, such as {uri}:1a2b3c4" in done.stderr
    assert running(deployed) == before

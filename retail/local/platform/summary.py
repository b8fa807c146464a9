"""What is said when everything runs: where it is, and what is not real."""

from __future__ import annotations

from retail.local.emulator import REGION
from retail.local.gaps import RECORDED_ONLY
from retail.local.platform.start import Platform
from retail.local.processes import HOST
from retail.ops import stacks


def summary(running: Platform, seconds: float) -> str:
    """The addresses, and the ways to look inside."""
    aws, edge = running.parts.aws, running.edge
    database = running.parts.postgres.result()
    shop = f"http://{HOST}:{edge.shop}"
    secret = running.deployed.output(stacks.SECURITY, "DatabaseSecretArn")
    lake = running.deployed.output(stacks.DATA, "LakeBucketName")
    login = "AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test"
    name, password = running.clerk
    kinds: dict[str, list[str]] = {}
    for each in sorted(RECORDED_ONLY):
        _, service, kind = each.split("::")
        kinds.setdefault(service, []).append(kind)
    recorded = ", ".join(f"{service} ({', '.join(names)})" for service, names in kinds.items())
    rows = (
        ("shop", f"{shop}/"),
        ("staff", f"{shop}/staff, as {name} with the password {password}"),
        ("API", f"{shop}/api/products"),
        ("watch it", f"{shop}/_platform"),
        ("load balancer", f"http://{HOST}:{edge.load_balancer}/ answers 403 to all but CloudFront"),
        ("AWS", f"{login} aws --region {REGION} --endpoint-url {aws.url} cloudformation list-exports"),
        ("lake", f"s3://{lake}, by the same command"),
        (
            "database",
            f"postgresql://{HOST}:{database.writer.port}/{database.database}, reader at {database.reader.host}",
        ),
        ("", f"with the login in the secret {secret}"),
        ("logs", str(running.state.logs)),
    )
    width = max(len(title) for title, _ in rows)
    lines = [
        f"The platform runs, after {seconds:.0f} s.",
        "",
        *(f"  {title:{width}}  {text}" for title, text in rows),
        "",
        f"Recorded in the stacks, with nothing behind it: {recorded}.",
        "Each start begins anew, with nothing of the one before. Ctrl-C stops everything.",
    ]
    return "\n".join(lines)

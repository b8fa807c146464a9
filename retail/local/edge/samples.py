"""Samples of what AWS's managed rule groups block: the groups themselves are closed.

AWS publishes the groups' rules by name with a sentence each. Here each rule that can be shown has one pattern, often
the one that the sentence gives as its example; a request that passes here can well be blocked by AWS, and the other
way round. Lists of addresses are stood for by parts of 127.0.0.0/8, from which a client on Linux can call:

    curl --interface 127.66.0.1 http://127.0.0.1:8080/
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from retail.local.edge.inspection import Inspection

Applies = Callable[[Inspection], bool]


@dataclass(frozen=True, slots=True)
class Sample:
    """One rule of a managed group, and what stands for it."""

    rule: str
    applies: Applies


def seen_in(part: str, pattern: str) -> Applies:
    """Whether the pattern occurs in a part of the request, in upper or lower case."""
    compiled = re.compile(pattern, re.IGNORECASE)
    return lambda inspected: compiled.search(getattr(inspected, part)) is not None


def from_network(network: str) -> Applies:
    """Whether the client's address is in a network."""
    addresses = ip_network(network)
    return lambda inspected: ip_address(inspected.request.client) in addresses


LOG4J = r"\$\{jndi:(ldaps?|rmi|dns|iiop)://"
JAVA = r"\(java\.lang\.runtime\)\.getruntime\(\)\.exec\("
INJECTION = (
    r"'\s*(or|and)\s+('?\w+'?)\s*=\s*'?\w+|\bunion\s+(all\s+)?select\b.+\bfrom\b|;\s*(drop|truncate)\s+table\b"
    r"|'\s*;\s*--|\b(sleep|pg_sleep|benchmark)\s*\(\s*\d+"
)
SCRIPT = r"<script\b[^>]*>|\bonerror\s*=\s*['\"]?\w+\(|javascript:\s*alert\("
TRAVERSAL = r"(^|[/=\\])\.\.[/\\](\.\.[/\\])*\w|/etc/passwd\b"
METADATA = r"\b169\.254\.169\.254\b"
REMOTE_FILE = r"(^|=)\s*(https?|ftp)://\d{1,3}(\.\d{1,3}){3}\b"
SCANNERS = r"\b(nessus|nmap|nikto|sqlmap|masscan|w3af)\b"

GROUPS: dict[str, tuple[Sample, ...]] = {
    "AWSManagedRulesAmazonIpReputationList": (Sample("AWSManagedIPReputationList", from_network("127.66.0.0/16")),),
    "AWSManagedRulesAnonymousIpList": (
        Sample("AnonymousIPList", from_network("127.67.0.0/16")),
        Sample("HostingProviderIPList", from_network("127.68.0.0/16")),
    ),
    "AWSManagedRulesKnownBadInputsRuleSet": (
        Sample("JavaDeserializationRCE_HEADER", seen_in("headers", JAVA)),
        Sample("JavaDeserializationRCE_BODY", seen_in("body", JAVA)),
        Sample("JavaDeserializationRCE_QUERYSTRING", seen_in("query", JAVA)),
        Sample("PROPFIND_METHOD", lambda inspected: inspected.request.method == "PROPFIND"),
        Sample("ExploitablePaths_URIPATH", seen_in("path", r"/web-inf/|/\.git/|/\.env$")),
        Sample("Log4JRCE_HEADER", seen_in("headers", LOG4J)),
        Sample("Log4JRCE_QUERYSTRING", seen_in("query", LOG4J)),
        Sample("Log4JRCE_BODY", seen_in("body", LOG4J)),
        Sample("Log4JRCE_URIPATH", seen_in("path", LOG4J)),
    ),
    "AWSManagedRulesSQLiRuleSet": (
        Sample("SQLi_QUERYARGUMENTS", seen_in("query", INJECTION)),
        Sample("SQLi_BODY", seen_in("body", INJECTION)),
        Sample("SQLi_COOKIE", seen_in("cookies", INJECTION)),
    ),
    "AWSManagedRulesCommonRuleSet": (
        Sample("NoUserAgent_HEADER", lambda inspected: not inspected.header("user-agent")),
        Sample("UserAgent_BadBots_HEADER", lambda inspected: _is_scanner(inspected.header("user-agent"))),
        Sample("SizeRestrictions_QUERYSTRING", lambda inspected: len(inspected.request.query) > 2_048),
        Sample("SizeRestrictions_Cookie_HEADER", lambda inspected: len(inspected.header("cookie")) > 10_240),
        Sample("SizeRestrictions_BODY", lambda inspected: len(inspected.raw_body) > 8_192),
        Sample("SizeRestrictions_URIPATH", lambda inspected: len(inspected.request.path) > 1_024),
        Sample("EC2MetaDataSSRF_BODY", seen_in("body", METADATA)),
        Sample("EC2MetaDataSSRF_COOKIE", seen_in("cookies", METADATA)),
        Sample("EC2MetaDataSSRF_QUERYARGUMENTS", seen_in("query", METADATA)),
        Sample("GenericLFI_QUERYARGUMENTS", seen_in("query", TRAVERSAL)),
        Sample("GenericLFI_URIPATH", seen_in("path", TRAVERSAL)),
        Sample("GenericLFI_BODY", seen_in("body", TRAVERSAL)),
        Sample("RestrictedExtensions_URIPATH", seen_in("path", r"\.(log|ini|bak|sql)$")),
        Sample("GenericRFI_QUERYARGUMENTS", seen_in("query", REMOTE_FILE)),
        Sample("CrossSiteScripting_COOKIE", seen_in("cookies", SCRIPT)),
        Sample("CrossSiteScripting_QUERYARGUMENTS", seen_in("query", SCRIPT)),
        Sample("CrossSiteScripting_BODY", seen_in("body", SCRIPT)),
        Sample("CrossSiteScripting_URIPATH", seen_in("path", SCRIPT)),
    ),
}

_SCANNER = re.compile(SCANNERS, re.IGNORECASE)


def _is_scanner(agent: str) -> bool:
    return _SCANNER.search(agent) is not None

"""CloudFront's behaviours: what it keeps, for how long, and what it asks the storefront for each time."""

from __future__ import annotations

from typing import Any

from troposphere import Ref, Sub
from troposphere.cloudfront import (
    CacheBehavior,
    CacheCookiesConfig,
    CacheHeadersConfig,
    CachePolicy,
    CachePolicyConfig,
    CacheQueryStringsConfig,
    ContentTypeOptions,
    CustomHeader,
    CustomHeadersConfig,
    DefaultCacheBehavior,
    FrameOptions,
    ParametersInCacheKeyAndForwardedToOrigin,
    ReferrerPolicy,
    ResponseHeadersPolicy,
    ResponseHeadersPolicyConfig,
    SecurityHeadersConfig,
    StrictTransportSecurity,
)

from retail import names
from retail.config import Config
from retail.stack import Stack

# Managed by AWS, the same in every account (T87).
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_VIEWER = "216adef6-5c7f-47e4-b989-5492eafa07d3"

ORIGIN = "storefront"


def behaviours(stack: Stack, config: Config) -> dict[str, Any]:
    """What CloudFront does with a request by its path; the first pattern that matches wins (T90)."""
    secure = headers(stack, "SecurityHeaders", "secure")
    # Not over the storefront's own header: a file not found must not stay so in a browser for a year.
    for_a_year = headers(
        stack,
        "StaticHeaders",
        "static",
        CustomHeadersConfig=CustomHeadersConfig(
            Items=[
                CustomHeader(
                    Header="Cache-Control",
                    Value=f"public, max-age={config.static_cache_seconds}, immutable",
                    Override=False,
                )
            ]
        ),
    )
    static = kept(
        stack,
        config,
        "StaticCachePolicy",
        "static",
        config.static_cache_seconds,
        "Files whose names change when they do",
    )
    images = kept(
        stack, config, "ImagesCachePolicy", "images", config.image_cache_seconds, "Product photos and banners"
    )

    everything = ["GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"]
    reading = ["GET", "HEAD", "OPTIONS"]
    common: dict[str, Any] = {"TargetOriginId": ORIGIN, "Compress": True}
    uncached = {
        **common,
        "AllowedMethods": everything,
        "CachePolicyId": CACHING_DISABLED,
        "OriginRequestPolicyId": ALL_VIEWER,
        "ResponseHeadersPolicyId": Ref(secure),
    }
    cached = {**common, "AllowedMethods": reading, "ViewerProtocolPolicy": "redirect-to-https"}
    return {
        "CacheBehaviors": [
            CacheBehavior(PathPattern="/api/*", ViewerProtocolPolicy="https-only", **uncached),
            CacheBehavior(
                PathPattern="/static/*",
                CachePolicyId=Ref(static),
                ResponseHeadersPolicyId=Ref(for_a_year),
                **cached,
            ),
            CacheBehavior(
                PathPattern="/images/*",
                CachePolicyId=Ref(images),
                ResponseHeadersPolicyId=Ref(secure),
                **cached,
            ),
        ],
        "DefaultCacheBehavior": DefaultCacheBehavior(ViewerProtocolPolicy="redirect-to-https", **uncached),
    }


def kept(stack: Stack, config: Config, title: str, name: str, seconds: int, comment: str) -> CachePolicy:
    """Keep answers for so long, the same for all: neither cookies nor headers reach the origin (T89)."""
    return stack.add_resource(
        CachePolicy(
            title,
            CachePolicyConfig=CachePolicyConfig(
                Name=Sub(f"{names.PREFIX}-${{AWS::Region}}-{name}"),
                Comment=comment,
                MinTTL=0,
                DefaultTTL=seconds,
                MaxTTL=config.static_cache_seconds,
                ParametersInCacheKeyAndForwardedToOrigin=ParametersInCacheKeyAndForwardedToOrigin(
                    CookiesConfig=CacheCookiesConfig(CookieBehavior="none"),
                    HeadersConfig=CacheHeadersConfig(HeaderBehavior="none"),
                    QueryStringsConfig=CacheQueryStringsConfig(QueryStringBehavior="none"),
                    EnableAcceptEncodingBrotli=True,
                    EnableAcceptEncodingGzip=True,
                ),
            ),
        )
    )


def headers(stack: Stack, title: str, name: str, **more: Any) -> ResponseHeadersPolicy:
    """Security headers for every answer; the content security policy is the storefront's own."""
    return stack.add_resource(
        ResponseHeadersPolicy(
            title,
            ResponseHeadersPolicyConfig=ResponseHeadersPolicyConfig(
                Name=Sub(f"{names.PREFIX}-${{AWS::Region}}-{name}"),
                SecurityHeadersConfig=SecurityHeadersConfig(
                    ContentTypeOptions=ContentTypeOptions(Override=True),
                    FrameOptions=FrameOptions(FrameOption="DENY", Override=True),
                    ReferrerPolicy=ReferrerPolicy(ReferrerPolicy="strict-origin-when-cross-origin", Override=False),
                    StrictTransportSecurity=StrictTransportSecurity(
                        AccessControlMaxAgeSec=31_536_000, IncludeSubdomains=True, Override=True
                    ),
                ),
                **more,
            ),
        )
    )

"""What a pipeline adds to an event: parts of addresses, campaign, referrer, device.

The rules for referrers and devices are the stand-in's own and small. They are no copy of
Snowplow's enrichments, and their answers are guesses.
"""

from __future__ import annotations

import functools
import re
from typing import Any
from urllib.parse import SplitResult, parse_qsl, urlsplit

from ua_parser import parse

_PORTS = {"http": 80, "https": 443}
_CLICKS = {"gclid": "Google", "msclkid": "Microsoft", "dclid": "DoubleClick"}
_REFERRERS: list[tuple[str, str, str]] = [
    *(
        ("search", source, pattern)
        for source, pattern in {
            "Google": r"google\.(com?\.)?[a-z]{2,3}",
            "Bing": r"bing\.com",
            "DuckDuckGo": r"duckduckgo\.com",
            "Yahoo!": r"search\.yahoo\.com",
            "Yandex": r"yandex\.(com\.)?[a-z]{2,3}|ya\.ru",
            "Baidu": r"baidu\.com",
            "Ecosia": r"ecosia\.org",
            "Brave": r"search\.brave\.com",
            "Startpage": r"startpage\.com",
        }.items()
    ),
    *(
        ("social", source, pattern)
        for source, pattern in {
            "Facebook": r"facebook\.com|fb\.me",
            "Instagram": r"instagram\.com",
            "LinkedIn": r"linkedin\.com|lnkd\.in",
            "Twitter": r"twitter\.com|t\.co|x\.com",
            "Reddit": r"reddit\.com",
            "YouTube": r"youtube\.com|youtu\.be",
            "Pinterest": r"pinterest\.(com?\.)?[a-z]{2,3}",
            "TikTok": r"tiktok\.com",
            "Hacker News": r"news\.ycombinator\.com",
            "GitHub": r"github\.com",
        }.items()
    ),
    *(
        ("email", source, pattern)
        for source, pattern in {
            "Gmail": r"mail\.google\.com",
            "Outlook.com": r"outlook\.live\.com|outlook\.office\.com|mail\.live\.com",
            "Yahoo! Mail": r"mail\.yahoo\.(com|net)",
        }.items()
    ),
]
_HOSTS = [
    (medium, source, re.compile(rf"(.+\.)?({pattern})"))
    # Mail lies below a search engine's own name, so it is looked at first.
    for medium, source, pattern in sorted(_REFERRERS, key=lambda r: r[0] != "email")
]


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port, parts.hostname
    except ValueError:
        return None
    return parts


def url_parts(prefix: str, url: str) -> dict[str, Any] | None:
    """Columns of an address's parts; null if it is no address.

    Examples
    --------
    >>> url_parts("page", "https://example.com/pricing/?plan=team#top")["page_urlpath"]
    '/pricing/'
    """
    parts = _split(url)
    if parts is None:
        return None
    found = {
        "scheme": parts.scheme,
        "host": parts.hostname,
        "port": parts.port or _PORTS.get(parts.scheme),
        "path": parts.path,
        "query": parts.query,
        "fragment": parts.fragment,
    }
    return {f"{prefix}_url{name}": value for name, value in found.items() if value}


def campaign(query: str) -> dict[str, Any]:
    """Columns of a campaign, and of the visitor of another domain, from a page's query string.

    Examples
    --------
    >>> campaign("utm_medium=cpc&utm_source=google&gclid=abc")
    {'mkt_medium': 'cpc', 'mkt_source': 'google', 'mkt_clickid': 'abc', 'mkt_network': 'Google'}
    """
    given: dict[str, str] = {}
    for name, value in parse_qsl(query, max_num_fields=1000):
        given.setdefault(name.lower(), value)
    found: dict[str, Any] = {}
    for name in ("medium", "source", "term", "content", "campaign"):
        if text := given.get(f"utm_{name}"):
            found[f"mkt_{name}"] = text
    for name, network in _CLICKS.items():
        if given.get(name) and "mkt_clickid" not in found:
            found |= {"mkt_clickid": given[name], "mkt_network": network}
    return found


def referrer(url: str, page_host: str | None) -> dict[str, Any]:
    """Medium and source of a referrer: internal, search, social, email or unknown.

    Examples
    --------
    >>> referrer("https://www.google.com/", "example.com")
    {'refr_medium': 'search', 'refr_source': 'Google'}
    """
    parts = _split(url)
    host = parts.hostname if parts else None
    if not host:
        return {}
    if host == page_host:
        return {"refr_medium": "internal"}
    for medium, source, pattern in _HOSTS:
        if pattern.fullmatch(host):
            return {"refr_medium": medium, "refr_source": source}
    return {"refr_medium": "unknown"}


def _joined(*parts: str | None) -> str:
    return ".".join(part for part in parts if part)


@functools.lru_cache(maxsize=2000)
def device(useragent: str) -> dict[str, Any]:
    """Columns of browser, system and device, and an entity in YAUAA's shape: a guess.

    Examples
    --------
    >>> found = device("Mozilla/5.0 (iPhone; CPU iPhone OS 16_5 like Mac OS X) Mobile Safari")
    >>> found["contexts_nl_basjes_yauaa_context_1"][0]["deviceClass"]
    'Phone'
    """
    found = parse(useragent)
    agent, system, thing = found.user_agent, found.os, found.device
    name = agent.family.removeprefix("Mobile ") if agent else None
    major = agent.major if agent else None
    version = _joined(agent.major, agent.minor) if agent else None
    os_name = system.family if system else None
    is_robot = (thing is not None and thing.family == "Spider") or bool(
        re.search(r"bot\b|crawl|spider|headless", useragent, re.IGNORECASE)
    )
    kind = _device_class(useragent, os_name, is_robot)
    is_mobile = kind in ("Phone", "Tablet")
    entity = {
        "deviceClass": kind,
        "deviceName": thing.family if thing else kind,
        "deviceBrand": (thing.brand if thing else None) or "Unknown",
        "operatingSystemClass": "Mobile" if is_mobile else kind,
        "operatingSystemName": os_name or "Unknown",
        "operatingSystemVersion": _joined(system.major, system.minor) if system else "??",
        "agentClass": "Robot" if is_robot else "Browser" if name else "Unknown",
        "agentName": name or "Unknown",
        "agentVersion": version or "??",
        "agentVersionMajor": major or "??",
        "agentNameVersion": f"{name or 'Unknown'} {version or '??'}",
        "agentNameVersionMajor": f"{name or 'Unknown'} {major or '??'}",
    }
    columns = {
        "br_name": f"{name} {major}" if name and major else name,
        "br_family": name,
        "br_version": version,
        "br_type": "Robot" if is_robot else "Browser (mobile)" if is_mobile else "Browser",
        "os_name": os_name,
        "os_family": os_name,
        "dvce_type": {"Desktop": "Computer", "Phone": "Mobile", "Tablet": "Tablet"}.get(kind),
        "dvce_ismobile": is_mobile,
        "contexts_nl_basjes_yauaa_context_1": [entity],
    }
    return {column: value for column, value in columns.items() if value is not None}


def _device_class(useragent: str, os_name: str | None, is_robot: bool) -> str:
    if is_robot:
        return "Robot"
    if re.search(r"iPad|Tablet|PlayBook|Silk", useragent) or (
        os_name == "Android" and "Mobile" not in useragent
    ):
        return "Tablet"
    if re.search(r"iPhone|iPod|Mobile|Android|Windows Phone", useragent):
        return "Phone"
    return "Desktop" if os_name else "Unknown"

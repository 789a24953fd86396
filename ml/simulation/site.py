"""The simulated web site: its pages, campaigns, referrers, devices and places.

Nothing here depends on a visitor's intent: these are the names under which the steps of
`ml.simulation.process` appear in the events.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ml.simulation.process import APP_IDS, CHANNELS, PAGE_APP, PAGES

TEST_APP_ID = "website-test"
HOSTS = ("www.example.com", "docs.example.com", "app.example.com")

# Page type -> (path, title) of its pages, most visited first.
_CONTENT: dict[str, list[tuple[str, str]]] = {
    "home": [("/", "Home")],
    "product": [
        ("/product/", "Product"),
        ("/product/collect/", "Collect"),
        ("/product/model/", "Model"),
        ("/product/activate/", "Activate"),
        ("/get-started/", "Get started"),
    ],
    "customers": [
        ("/customers/", "Customers"),
        ("/customers/retail/", "Customers in retail"),
        ("/customers/media/", "Customers in media"),
    ],
    "blog": [("/blog/", "Blog"), *[(f"/blog/post-{n}/", f"Blog post {n}") for n in range(1, 16)]],
    "docs": [("/", "Documentation"), *[(f"/guide-{n}/", f"Guide {n}") for n in range(1, 11)]],
    "pricing": [("/pricing/", "Pricing"), ("/pricing/enterprise/", "Enterprise pricing")],
    "demo": [("/request-demo/", "Request a demo"), ("/contact/", "Contact")],
    "app": [("/dashboard", "Dashboard"), ("/reports", "Reports"), ("/settings", "Settings")],
}


@dataclass(frozen=True)
class Page:
    """One page of the site."""

    kind: str
    app_id: str
    host: str
    path: str
    title: str
    height: int
    scheme: str = "https"
    port: int = 443


def _pages() -> list[Page]:
    pages = []
    for kind, app in zip(PAGES, PAGE_APP, strict=True):
        for n, (path, title) in enumerate(_CONTENT[kind]):
            height = 1800 + 700 * (len(pages) % 5) + 150 * n
            pages.append(Page(kind, APP_IDS[app], HOSTS[app], path, title, height))
    return pages


SITE = _pages()
N_SITE = len(SITE)
LOCAL_PAGE = Page("home", APP_IDS[0], "localhost", "/", "Home (local)", 1800, "http", 3000)
"""The page that a developer tests with; it follows `SITE` in codes of addresses."""


def _page_cdf() -> np.ndarray:
    """Flat CDF of pages within their type: from the type's position on, up to the next."""
    flat = []
    for k, kind in enumerate(PAGES):
        weight = 1 / np.arange(1, len(_CONTENT[kind]) + 1)
        cdf = np.cumsum(weight / weight.sum())
        cdf[-1] = 1.0
        flat.extend(k + cdf)
    return np.array(flat)


PAGE_CDF = _page_cdf()


@dataclass(frozen=True)
class Campaign:
    """The `utm_*` parameters of a landing page; the first is none at all."""

    medium: str | None = None
    source: str | None = None
    campaign: str | None = None
    content: str | None = None
    term: str | None = None
    network: str | None = None

    @property
    def query(self) -> str | None:
        """The query string that carries the campaign, or None."""
        if self.medium is None:
            return None
        pairs = [
            ("utm_medium", self.medium),
            ("utm_source", self.source),
            ("utm_campaign", self.campaign),
            ("utm_content", self.content),
            ("utm_term", self.term),
        ]
        return "&".join(f"{name}={value}" for name, value in pairs if value)


CAMPAIGNS = [
    Campaign(),
    Campaign("cpc", "google", "brand", "text-a", "cdp", "Google"),
    Campaign("cpc", "google", "category", "text-b", "event-tracking", "Google"),
    Campaign("cpc", "linkedin", "leaders", "carousel"),
    Campaign("email", "newsletter", "newsletter-monthly"),
    Campaign("email", "nurture", "nurture-trial"),
    Campaign("social", "linkedin", "launch", "post-1"),
    Campaign("social", "facebook", "launch", "post-2"),
]


@dataclass(frozen=True)
class Referrer:
    """The page a visit came from, outside the site; the first is none."""

    medium: str | None = None
    source: str | None = None
    host: str | None = None
    path: str | None = None


REFERRERS = [
    Referrer(),
    Referrer("search", "Google", "www.google.com", "/"),
    Referrer("search", "Bing", "www.bing.com", "/search"),
    Referrer("social", "LinkedIn", "www.linkedin.com", "/feed/"),
    Referrer("social", "Facebook", "l.facebook.com", "/l.php"),
    Referrer("email", "Outlook.com", "outlook.live.com", "/mail/0/"),
    Referrer("unknown", None, "news.example.net", "/articles/data-stacks"),
    Referrer("unknown", None, "partners.example.org", "/directory"),
]

# Channel -> (campaign, referrer) pairs and their chances; a session draws one.
_LANDINGS: dict[str, list[tuple[int, int, float]]] = {
    "direct": [(0, 0, 1.0)],
    "organic": [(0, 1, 0.85), (0, 2, 0.15)],
    "cpc": [(1, 1, 0.4), (2, 1, 0.35), (3, 3, 0.25)],
    "email": [(4, 0, 0.5), (4, 5, 0.15), (5, 0, 0.35)],
    "social": [(6, 3, 0.5), (7, 4, 0.25), (0, 3, 0.25)],
    "referral": [(0, 6, 0.6), (0, 7, 0.4)],
}


def _landing_tables() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    campaign, referrer, flat = [], [], []
    for n, channel in enumerate(CHANNELS):
        rows = _LANDINGS[channel]
        cdf = np.cumsum([chance for *_, chance in rows])
        cdf[-1] = 1.0
        flat.extend(n + cdf)
        campaign.extend(c for c, *_ in rows)
        referrer.extend(r for _, r, _ in rows)
    return np.array(campaign), np.array(referrer), np.array(flat)


LOCAL_URL = N_SITE * len(CAMPAIGNS)

LANDING_CAMPAIGN, LANDING_REFERRER, LANDING_CDF = _landing_tables()


@dataclass(frozen=True)
class Device:
    """A browser on a device, as the enrichments describe it."""

    share: float
    device_class: str
    name: str
    brand: str
    os_class: str
    os_name: str
    os_version: str
    agent: str
    agent_version: str
    engine: str
    screen: tuple[int, int]
    view: tuple[int, int]
    useragent: str

    @property
    def is_mobile(self) -> bool:
        """Whether `dvce_ismobile` is true."""
        return self.device_class != "Desktop"


_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
DEVICES = [
    Device(
        0.46, "Desktop", "Desktop", "Unknown", "Desktop", "Windows NT", ">=10", "Chrome", "134",
        "Blink", (1920, 1080), (1903, 937),
        f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) {_WEBKIT} Chrome/134.0.0.0 Safari/537.36",
    ),
    Device(
        0.26, "Desktop", "Apple Macintosh", "Apple", "Desktop", "Mac OS", ">=10.15.7", "Chrome",
        "134", "Blink", (1728, 1117), (1713, 960),
        f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {_WEBKIT} Chrome/134.0.0.0 Safari/537.36",
    ),
    Device(
        0.16, "Desktop", "Apple Macintosh", "Apple", "Desktop", "Mac OS", ">=10.15.7", "Safari",
        "18.3", "AppleWebKit", (1440, 900), (1425, 790),
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)"
        " Version/18.3 Safari/605.1.15",
    ),
    Device(
        0.12, "Desktop", "Linux Desktop", "Unknown", "Desktop", "Linux", "Unknown", "Firefox",
        "136.0", "Gecko", (1920, 1080), (1905, 950),
        "Mozilla/5.0 (X11; Linux x86_64; rv:136.0) Gecko/20100101 Firefox/136.0",
    ),
    Device(
        0.55, "Phone", "Apple iPhone", "Apple", "Mobile", "iOS", "18.3.1", "Safari", "18.3",
        "AppleWebKit", (390, 844), (390, 664),
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_3_1 like Mac OS X) AppleWebKit/605.1.15"
        " (KHTML, like Gecko) Version/18.3 Mobile/15E148 Safari/604.1",
    ),
    Device(
        0.30, "Phone", "Samsung SM-S921B", "Samsung", "Mobile", "Android", "14", "Chrome", "134",
        "Blink", (360, 780), (360, 646),
        f"Mozilla/5.0 (Linux; Android 14; SM-S921B) {_WEBKIT} Chrome/134.0.0.0 Mobile"
        " Safari/537.36",
    ),
    Device(
        0.15, "Phone", "Google Pixel 8", "Google", "Mobile", "Android", "15", "Chrome", "134",
        "Blink", (412, 915), (412, 780),
        f"Mozilla/5.0 (Linux; Android 15; Pixel 8) {_WEBKIT} Chrome/134.0.0.0 Mobile Safari/537.36",
    ),
    Device(
        1.0, "Tablet", "Apple iPad", "Apple", "Mobile", "iOS", "18.3.1", "Safari", "18.3",
        "AppleWebKit", (820, 1180), (820, 1106),
        "Mozilla/5.0 (iPad; CPU OS 18_3_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)"
        " Version/18.3 Mobile/15E148 Safari/604.1",
    ),
]  # fmt: skip


@dataclass(frozen=True)
class Place:
    """Where an IP address is looked up to be."""

    share: float
    country: str
    region: str
    region_name: str
    city: str
    zipcode: str
    latitude: float
    longitude: float
    timezone: str
    language: str


PLACES = [
    Place(0.16, "US", "NY", "New York", "New York", "10001", 40.75, -73.99,
          "America/New_York", "en-US"),
    Place(0.14, "US", "CA", "California", "San Francisco", "94103", 37.77, -122.41,
          "America/Los_Angeles", "en-US"),
    Place(0.09, "US", "TX", "Texas", "Austin", "78701", 30.27, -97.74,
          "America/Chicago", "en-US"),
    Place(0.17, "GB", "ENG", "England", "London", "EC2A", 51.52, -0.08,
          "Europe/London", "en-GB"),
    Place(0.05, "GB", "ENG", "England", "Manchester", "M1", 53.48, -2.24,
          "Europe/London", "en-GB"),
    Place(0.11, "DE", "BE", "Berlin", "Berlin", "10115", 52.53, 13.38,
          "Europe/Berlin", "de-DE"),
    Place(0.08, "FR", "IDF", "Île-de-France", "Paris", "75002", 48.87, 2.34,
          "Europe/Paris", "fr-FR"),
    Place(0.06, "NL", "NH", "North Holland", "Amsterdam", "1012", 52.37, 4.89,
          "Europe/Amsterdam", "nl-NL"),
    Place(0.05, "CA", "ON", "Ontario", "Toronto", "M5V", 43.64, -79.39,
          "America/Toronto", "en-CA"),
    Place(0.05, "IN", "KA", "Karnataka", "Bengaluru", "560001", 12.98, 77.6,
          "Asia/Kolkata", "en-IN"),
    Place(0.04, "AU", "NSW", "New South Wales", "Sydney", "2000", -33.87, 151.21,
          "Australia/Sydney", "en-AU"),
]  # fmt: skip

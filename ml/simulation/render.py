"""From codes to `atomic.events`: a table with every column of `ml.data.atomic`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from ml.data.atomic import ENTITIES, SELF_DESCRIBING, camel_case, events_schema
from ml.simulation import identity, site
from ml.simulation.identity import Stream
from ml.simulation.process import (
    ACTIONS,
    APP_IDS,
    CHANGE,
    CLICK,
    FOCUS,
    N_PAGES,
    PAUSE,
    PING,
    PLAY,
    PROGRESS,
    STEP_ACTION,
    SUBMIT,
)
from ml.simulation.rows import NULL, EventRows

N_CAMPAIGNS = len(site.CAMPAIGNS)
EVENT_NAMES = (*ACTIONS, "consent_preferences")
CONSENT = len(ACTIONS)
ACTION_OF = np.append(STEP_ACTION, np.full(N_PAGES, CONSENT))
"""Action of each step; those past the process' own are consent on a page of each type."""

VENDOR = "com.snowplowanalytics.snowplow"
MEDIA_VENDOR = "com.snowplowanalytics.snowplow.media"
FORM_ID = "request-demo"
VIDEO_SECONDS = 180.0
PROGRESS_SECONDS = 10.0
SCROLL_STEP = 260
ETL_US = 1_500_000
LOAD_EVERY_US = 300_000_000
BOT_AGENT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


class Renderer:
    """Turns `EventRows` into Arrow tables.

    Parameters
    ----------
    seed : int
        Seed of the simulation.
    entity_format : {"struct", "json"}
        How entity columns are written.
    """

    def __init__(self, seed: int, entity_format: str = "struct") -> None:
        self._seed = seed
        self._as_json = entity_format == "json"
        self.schema = events_schema(entity_format)

    def table(self, rows: EventRows) -> pa.Table:
        """Render rows, in their order.

        Returns
        -------
        pyarrow.Table
            Columns as in `schema`; texts of few values are dictionaries of them.
        """
        columns = self._identity(rows)
        columns |= _event(rows)
        columns |= _times(rows)
        columns |= _page(rows)
        columns |= _referrer(rows)
        columns |= _device(rows)
        columns |= self._place(rows)
        columns |= self._scroll(rows)
        columns |= self._entities(rows)
        columns |= self._self_describing(rows)
        n = len(rows)
        arrays, names = [], []
        for wanted in self.schema:
            column = columns.get(wanted.name)
            arrays.append(pa.nulls(n, wanted.type) if column is None else column)
            names.append(wanted.name)
        return pa.Table.from_arrays(arrays, names=names)

    def _identity(self, r: EventRows) -> dict[str, pa.Array]:
        users, user_at = np.unique(r.user, return_inverse=True)
        keys = identity.hash_of(self._seed, Stream.USER, users)
        user_text = identity.hex_text(keys)
        visitors, visitor_at = np.unique(r.visitor, return_inverse=True)
        sessions, session_at = np.unique(r.session_key, return_inverse=True)
        domain = visitor_ids(visitors, self._seed)
        network = identity.uuids(identity.hash_of(self._seed, Stream.NETWORK, visitors))
        anonymous = r.visitor == NULL
        return {
            "event_id": identity.uuids(r.event_key),
            "user_id": _pick(user_text, user_at, r.user == NULL),
            "domain_userid": _pick(domain, visitor_at, anonymous),
            "network_userid": _pick(network, visitor_at, anonymous),
            "domain_sessionid": _pick(identity.uuids(sessions), session_at, anonymous),
            "domain_sessionidx": pa.array(r.session_index, pa.int32(), mask=anonymous),
            "user_ipaddress": _pick(self._addresses(visitors), visitor_at),
        }

    def _addresses(self, visitors: NDArray[np.int64]) -> pa.Array:
        octets = (
            identity.hash_of(self._seed, Stream.ADDRESS, visitors).view(np.uint8).reshape(-1, 8)
        )
        return pa.array([f"{10 + a % 200}.{b}.{c}.x" for a, b, c in octets[:, :3].tolist()])

    def _place(self, r: EventRows) -> dict[str, pa.Array]:
        places = site.PLACES
        texts = {
            "geo_country": [p.country for p in places],
            "geo_region": [p.region for p in places],
            "geo_region_name": [p.region_name for p in places],
            "geo_city": [p.city for p in places],
            "geo_zipcode": [p.zipcode for p in places],
            "geo_timezone": [p.timezone for p in places],
            "os_timezone": [p.timezone for p in places],
            "br_lang": [p.language for p in places],
        }
        columns = {name: _codes(values, r.place) for name, values in texts.items()}
        columns["geo_latitude"] = pa.array(np.array([p.latitude for p in places])[r.place])
        columns["geo_longitude"] = pa.array(np.array([p.longitude for p in places])[r.place])
        return columns

    def _scroll(self, r: EventRows) -> dict[str, pa.Array]:
        """Scroll offsets of page pings: they grow with each ping of a page, down to its foot."""
        ping = ACTION_OF[r.step] == PING
        page = r.url // N_CAMPAIGNS
        height = np.array([p.height for p in _PAGES])[page]
        view = np.array([d.view[1] for d in site.DEVICES] + [800])[r.device]
        pace = 0.5 + identity.uniform(identity.hash_of(self._seed, Stream.SCROLL, r.view_key))
        depth = np.minimum(height - view, ((r.on_page + 1) * pace * SCROLL_STEP).astype(np.int64))
        before = np.minimum(height - view, (r.on_page * pace * SCROLL_STEP).astype(np.int64))
        zeros = np.zeros(len(r), np.int32)
        return {
            "pp_xoffset_min": pa.array(zeros, mask=~ping),
            "pp_xoffset_max": pa.array(zeros, mask=~ping),
            "pp_yoffset_min": pa.array(np.maximum(before, 0).astype(np.int32), mask=~ping),
            "pp_yoffset_max": pa.array(np.maximum(depth, 0).astype(np.int32), mask=~ping),
            "doc_height": pa.array(height.astype(np.int32)),
        }

    def _entities(self, r: EventRows) -> dict[str, pa.Array]:
        web_page, yauaa, iab, media = ENTITIES
        keys, at = np.unique(r.view_key, return_inverse=True)
        ids = pa.StructArray.from_arrays([identity.uuids(keys)], fields=ENTITIES[web_page])
        agents = pa.StructArray.from_arrays(
            [pa.array(values) for values in zip(*_AGENTS, strict=True)], fields=ENTITIES[yauaa]
        )
        robots = pa.array(_ROBOTS, pa.struct(ENTITIES[iab]))
        return {
            web_page: self._entity(ids, at),
            yauaa: self._entity(agents, r.device),
            iab: self._entity(robots, r.bot.astype(np.int64)),
            media: self._entity(*_media(r)),
        }

    def _entity(
        self, values: pa.StructArray, at: NDArray[np.int64], present: NDArray | None = None
    ) -> pa.Array:
        """Build a column with one of the values in each row where it is present, else null."""
        if self._as_json:
            texts = pa.array([json.dumps([_camel(v)]) for v in values.to_pylist()])
            return _pick(texts, at, None if present is None else ~present)
        if present is None:
            return _list_of(_take(values, at), np.arange(len(at) + 1, dtype=np.int32))
        offsets = np.concatenate([[0], np.cumsum(present)]).astype(np.int32)
        return _list_of(_take(values, at[present]), offsets, ~present)

    def _self_describing(self, r: EventRows) -> dict[str, pa.Array]:
        action = ACTION_OF[r.step]
        out = {}
        for (name, parts), wanted in zip(
            SELF_DESCRIBING.items(), (CLICK, FOCUS, CHANGE, SUBMIT, CONSENT), strict=True
        ):
            told = dict(zip((p.name for p in parts), _EVENT_DATA[wanted], strict=True))
            value = pa.array([told], type=pa.struct(parts))
            here = action == wanted
            if self._as_json:
                text = json.dumps(_camel(value[0].as_py()))
                out[name] = _pick(pa.array([text]), np.zeros(len(r), np.int64), ~here)
            else:
                at = pa.array(np.zeros(len(r), np.int64), mask=~here)
                out[name] = value.take(at)
        return out


def visitor_ids(visitor: NDArray[np.int64], seed: int) -> pa.Array:
    """`domain_userid` of visitors."""
    return identity.uuids(identity.hash_of(seed, Stream.VISITOR, visitor))


def _pick(
    values: pa.Array, at: NDArray[np.integer], null: NDArray[np.bool_] | None = None
) -> pa.Array:
    """Text column of the value at each place, as a dictionary."""
    index = pa.array(at.astype(np.int32, copy=False), mask=null)
    return pa.DictionaryArray.from_arrays(index, values)


def _codes(values: Sequence[str | None], at: NDArray[np.int64]) -> pa.Array:
    """Text column of the value at each place; values may be None or repeat."""
    known, code_of, null_of = _codebook(tuple(values))
    return _pick(known, code_of[at], None if null_of is None else null_of[at])


@lru_cache(maxsize=256)
def _codebook(
    values: tuple[str | None, ...],
) -> tuple[pa.Array, NDArray[np.int32], NDArray[np.bool_] | None]:
    known = sorted({value for value in values if value is not None})
    place = {value: n for n, value in enumerate(known)}
    code = np.array([0 if value is None else place[value] for value in values], np.int32)
    null = np.array([value is None for value in values])
    return pa.array(known or [""], pa.string()), code, null if null.any() else None


def _same(value: str, n: int) -> pa.Array:
    return _pick(pa.array([value]), np.zeros(n, np.int64))


def _list_of(
    values: pa.StructArray, offsets: NDArray[np.int32], null: NDArray[np.bool_] | None = None
) -> pa.Array:
    kind = pa.list_(pa.field("element", values.type))
    mask = None if null is None else pa.array(null)
    return pa.ListArray.from_arrays(pa.array(offsets), values, type=kind, mask=mask)


def _take(values: pa.StructArray, at: NDArray[np.int64]) -> pa.StructArray:
    """Elements at the given places, texts as dictionaries, which cost less to write."""
    where = pa.array(at)
    parts = []
    for part in values.flatten():
        if pa.types.is_string(part.type) and len(part) < len(at):
            coded = part.dictionary_encode()
            taken = pa.DictionaryArray.from_arrays(coded.indices.take(where), coded.dictionary)
        else:
            taken = part.take(where)
        parts.append(taken)
    names = [field.name for field in values.type]
    return pa.StructArray.from_arrays(parts, names=names)


def _camel(value: dict) -> dict:
    return {camel_case(name): part for name, part in value.items() if part is not None}


_MEDIA_ACTIONS = (PLAY, PROGRESS, PAUSE)


def _event(r: EventRows) -> dict[str, pa.Array]:
    n, action = len(r), ACTION_OF[r.step]
    vendors = [MEDIA_VENDOR if a in _MEDIA_ACTIONS else VENDOR for a in range(len(EVENT_NAMES))]
    kinds = [n if n in ("page_view", "page_ping") else "unstruct" for n in EVENT_NAMES]
    versions = ["1-0-1" if a == CLICK else "1-0-0" for a in range(len(EVENT_NAMES))]
    return {
        "platform": _same("web", n),
        "event": _codes(kinds, action),
        "event_name": _codes(EVENT_NAMES, action),
        "event_vendor": _codes(vendors, action),
        "event_version": _codes(versions, action),
        "event_format": _same("jsonschema", n),
        "name_tracker": _same("sp", n),
        "v_tracker": _same("js-4.5.0", n),
        "v_collector": _same("ssc-3.3.0-kinesis", n),
        "v_etl": _same("snowplow-enrich-kinesis-5.3.0", n),
        "doc_charset": _same("UTF-8", n),
        "br_colordepth": _same("24", n),
        "br_cookies": pa.array(np.ones(n, bool)),
    }


def _times(r: EventRows) -> dict[str, pa.Array]:
    kind = pa.timestamp("us")
    loaded = (r.collector_us + ETL_US) // LOAD_EVERY_US * LOAD_EVERY_US + LOAD_EVERY_US
    return {
        "derived_tstamp": pa.array(r.derived_us, kind),
        "dvce_created_tstamp": pa.array(r.created_us, kind),
        "dvce_sent_tstamp": pa.array(r.sent_us, kind),
        "collector_tstamp": pa.array(r.collector_us, kind),
        "etl_tstamp": pa.array(r.collector_us + ETL_US, kind),
        "load_tstamp": pa.array(loaded, kind),
    }


def _page(r: EventRows) -> dict[str, pa.Array]:
    pages, page = _PAGES, r.url // N_CAMPAIGNS
    campaign = r.url % N_CAMPAIGNS
    apps = [*APP_IDS, site.TEST_APP_ID]
    own_app = np.array([APP_IDS.index(p.app_id) for p in pages])[page]
    texts = {
        "page_title": [p.title for p in pages],
        "page_urlscheme": [p.scheme for p in pages],
        "page_urlhost": [p.host for p in pages],
        "page_urlpath": [p.path for p in pages],
    }
    campaigns = {
        "page_urlquery": [c.query for c in site.CAMPAIGNS],
        "mkt_medium": [c.medium for c in site.CAMPAIGNS],
        "mkt_source": [c.source for c in site.CAMPAIGNS],
        "mkt_campaign": [c.campaign for c in site.CAMPAIGNS],
        "mkt_content": [c.content for c in site.CAMPAIGNS],
        "mkt_term": [c.term for c in site.CAMPAIGNS],
        "mkt_network": [c.network for c in site.CAMPAIGNS],
    }
    return {
        "app_id": _codes(apps, np.where(r.app == NULL, own_app, r.app)),
        "page_url": _codes(_URLS + _LOCAL_URLS, r.url),
        "page_urlport": pa.array(np.array([p.port for p in pages], np.int32)[page]),
        **{name: _codes(values, page) for name, values in texts.items()},
        **{name: _codes(values, campaign) for name, values in campaigns.items()},
    }


def _referrer(r: EventRows) -> dict[str, pa.Array]:
    return {
        name: _codes([getattr(x, part) for x in _REFERRED], r.referrer)
        for name, part in (
            ("refr_medium", "medium"),
            ("refr_source", "source"),
            ("refr_urlhost", "host"),
            ("refr_urlpath", "path"),
        )
    } | {
        "page_referrer": _codes(_REFERRER_URLS, r.referrer),
        "refr_urlscheme": _codes(
            [None if url is None else "https" for url in _REFERRER_URLS], r.referrer
        ),
        "refr_urlport": pa.array(
            np.full(len(r), 443, np.int32),
            mask=np.array([url is None for url in _REFERRER_URLS])[r.referrer],
        ),
    }


def _device(r: EventRows) -> dict[str, pa.Array]:
    devices = site.DEVICES
    agents = [d.useragent for d in devices] + [BOT_AGENT]
    texts = {
        "useragent": agents,
        "br_name": [f"{d.agent} {d.agent_version}" for d in devices] + ["Googlebot"],
        "br_family": [d.agent for d in devices] + ["Robot/Spider"],
        "br_version": [d.agent_version for d in devices] + [None],
        "br_type": ["Browser (mobile)" if d.is_mobile else "Browser" for d in devices] + ["Robot"],
        "br_renderengine": [d.engine for d in devices] + [None],
        "os_name": [d.os_name for d in devices] + ["Unknown"],
        "os_family": [d.os_name for d in devices] + ["Unknown"],
        "os_manufacturer": [d.brand for d in devices] + ["Unknown"],
        "dvce_type": [_DEVICE_TYPES[d.device_class] for d in devices] + ["Unknown"],
    }
    numbers = {
        "dvce_screenwidth": [d.screen[0] for d in devices] + [1024],
        "dvce_screenheight": [d.screen[1] for d in devices] + [800],
        "br_viewwidth": [d.view[0] for d in devices] + [1024],
        "br_viewheight": [d.view[1] for d in devices] + [800],
        "doc_width": [d.view[0] for d in devices] + [1024],
    }
    mobile = np.array([d.is_mobile for d in devices] + [False])
    return {
        **{name: _codes(values, r.device) for name, values in texts.items()},
        **{name: pa.array(np.array(v, np.int32)[r.device]) for name, v in numbers.items()},
        "dvce_ismobile": pa.array(mobile[r.device]),
    }


def _media(r: EventRows) -> tuple[pa.StructArray, NDArray[np.int64], NDArray[np.bool_]]:
    """Every state of the player, which one each row has, and which rows have one."""
    states = []
    for action in _MEDIA_ACTIONS:
        for n in range(_MAX_PROGRESS):
            seconds = 0.0 if action == PLAY else min((n + 1) * PROGRESS_SECONDS, VIDEO_SECONDS)
            states.append(
                {
                    "current_time": seconds,
                    "duration": VIDEO_SECONDS,
                    "ended": seconds >= VIDEO_SECONDS,
                    "fullscreen": False,
                    "livestream": False,
                    "label": "Product tour",
                    "loop": False,
                    "media_type": "video",
                    "muted": False,
                    "paused": action == PAUSE,
                    "picture_in_picture": False,
                    "playback_rate": 1.0,
                    "player_type": "com.youtube-youtube",
                    "quality": "hd1080",
                    "volume": 80,
                }
            )
    (media,) = [name for name in ENTITIES if "media_player" in name]
    action = ACTION_OF[r.step]
    order = np.full(len(EVENT_NAMES), NULL)
    order[list(_MEDIA_ACTIONS)] = np.arange(len(_MEDIA_ACTIONS))
    at = order[action] * _MAX_PROGRESS + np.minimum(r.on_page, _MAX_PROGRESS - 1)
    return pa.array(states, pa.struct(ENTITIES[media])), at, order[action] != NULL


_MAX_PROGRESS = int(VIDEO_SECONDS / PROGRESS_SECONDS)
_DEVICE_TYPES = {"Desktop": "Computer", "Phone": "Mobile", "Tablet": "Tablet"}
_PAGES = [*site.SITE, site.LOCAL_PAGE]
_URLS = [
    f"https://{page.host}{page.path}" + (f"?{c.query}" if c.query else "")
    for page in site.SITE
    for c in site.CAMPAIGNS
]
_LOCAL_URLS = [f"http://{site.LOCAL_PAGE.host}:{site.LOCAL_PAGE.port}/"] * N_CAMPAIGNS
_REFERRED = [
    site.Referrer("internal", None, page.host, page.path)
    for page in site.SITE
    for _ in site.CAMPAIGNS
] + site.REFERRERS
_REFERRER_URLS = _URLS + [f"https://{x.host}{x.path}" if x.host else None for x in site.REFERRERS]
_EVENT_DATA = {
    CLICK: ("https://community.example.org/", "outbound", "_blank"),
    FOCUS: (FORM_ID, "email", "INPUT", "email"),
    CHANGE: (FORM_ID, "email", "INPUT", "email"),
    SUBMIT: (FORM_ID,),
    CONSENT: ("accept_all", "consent", "https://www.example.com/privacy/", "1.0", True),
}


def _major(version: str) -> str:
    return version.split(".")[0]


_AGENTS = [
    (
        d.device_class,
        d.name,
        d.brand,
        d.os_class,
        d.os_name,
        d.os_version,
        f"{d.os_name} {d.os_version}",
        "Browser",
        d.agent,
        d.agent_version,
        _major(d.agent_version),
        f"{d.agent} {d.agent_version}",
        f"{d.agent} {_major(d.agent_version)}",
        "Browser",
        d.engine,
    )
    for d in site.DEVICES
] + [
    (
        "Robot",
        "Google",
        "Google",
        "Cloud",
        "Google Cloud",
        "Unknown",
        "Google Cloud Unknown",
        "Robot",
        "Googlebot",
        "2.1",
        "2",
        "Googlebot 2.1",
        "Googlebot 2",
        "Robot",
        "Googlebot",
    )
]
_ROBOTS = [
    {
        "spider_or_robot": False,
        "category": "BROWSER",
        "reason": "PASSED_ALL",
        "primary_impact": "NONE",
    },
    {
        "spider_or_robot": True,
        "category": "SPIDER_OR_ROBOT",
        "reason": "FAILED_UA_INCLUDE",
        "primary_impact": "UNKNOWN",
    },
]

"""Columns of `atomic.events`, in Snowplow's order, names and types.

Source: Snowplow's canonical event model and its table definition. Timestamps are UTC without zone,
to the microsecond. Entity columns (`contexts_*`) are a list of structs, self-describing events
(`unstruct_event_*`) a struct, with snake_case fields as the Parquet-based loaders write them; as
JSON text the fields keep the schema's camelCase, as in Snowflake's VARIANT.
"""

from __future__ import annotations

import pyarrow as pa

_TEXT = pa.string()
_INT = pa.int32()
_FLOAT = pa.float64()
_BOOL = pa.bool_()
_TIME = pa.timestamp("us")
_MONEY = pa.decimal128(18, 2)

_GROUPS: list[tuple[pa.DataType, str]] = [
    (_TEXT, "app_id platform"),
    (_TIME, "etl_tstamp collector_tstamp dvce_created_tstamp"),
    (_TEXT, "event event_id"),
    (_INT, "txn_id"),
    (_TEXT, "name_tracker v_tracker v_collector v_etl user_id user_ipaddress user_fingerprint"),
    (_TEXT, "domain_userid"),
    (_INT, "domain_sessionidx"),
    (_TEXT, "network_userid geo_country geo_region geo_city geo_zipcode"),
    (_FLOAT, "geo_latitude geo_longitude"),
    (_TEXT, "geo_region_name ip_isp ip_organization ip_domain ip_netspeed page_url page_title"),
    (_TEXT, "page_referrer page_urlscheme page_urlhost"),
    (_INT, "page_urlport"),
    (_TEXT, "page_urlpath page_urlquery page_urlfragment refr_urlscheme refr_urlhost"),
    (_INT, "refr_urlport"),
    (_TEXT, "refr_urlpath refr_urlquery refr_urlfragment refr_medium refr_source refr_term"),
    (_TEXT, "mkt_medium mkt_source mkt_term mkt_content mkt_campaign"),
    (_TEXT, "se_category se_action se_label se_property"),
    (_FLOAT, "se_value"),
    (_TEXT, "tr_orderid tr_affiliation"),
    (_MONEY, "tr_total tr_tax tr_shipping"),
    (_TEXT, "tr_city tr_state tr_country ti_orderid ti_sku ti_name ti_category"),
    (_MONEY, "ti_price"),
    (_INT, "ti_quantity pp_xoffset_min pp_xoffset_max pp_yoffset_min pp_yoffset_max"),
    (_TEXT, "useragent br_name br_family br_version br_type br_renderengine br_lang"),
    (_BOOL, "br_features_pdf br_features_flash br_features_java br_features_director"),
    (_BOOL, "br_features_quicktime br_features_realplayer br_features_windowsmedia"),
    (_BOOL, "br_features_gears br_features_silverlight br_cookies"),
    (_TEXT, "br_colordepth"),
    (_INT, "br_viewwidth br_viewheight"),
    (_TEXT, "os_name os_family os_manufacturer os_timezone dvce_type"),
    (_BOOL, "dvce_ismobile"),
    (_INT, "dvce_screenwidth dvce_screenheight"),
    (_TEXT, "doc_charset"),
    (_INT, "doc_width doc_height"),
    (_TEXT, "tr_currency"),
    (_MONEY, "tr_total_base tr_tax_base tr_shipping_base"),
    (_TEXT, "ti_currency"),
    (_MONEY, "ti_price_base"),
    (_TEXT, "base_currency geo_timezone mkt_clickid mkt_network etl_tags"),
    (_TIME, "dvce_sent_tstamp"),
    (_TEXT, "refr_domain_userid"),
    (_TIME, "refr_dvce_tstamp"),
    (_TEXT, "domain_sessionid"),
    (_TIME, "derived_tstamp"),
    (_TEXT, "event_vendor event_name event_format event_version event_fingerprint"),
    (_TIME, "true_tstamp load_tstamp"),
]
ATOMIC: dict[str, pa.DataType] = {name: kind for kind, names in _GROUPS for name in names.split()}
"""The columns that every Snowplow events table has, entities aside."""


def _struct(kind: pa.DataType, names: str) -> list[pa.Field]:
    return [pa.field(name, kind) for name in names.split()]


ENTITIES: dict[str, list[pa.Field]] = {
    "contexts_com_snowplowanalytics_snowplow_web_page_1": _struct(_TEXT, "id"),
    "contexts_nl_basjes_yauaa_context_1": _struct(
        _TEXT,
        "device_class device_name device_brand operating_system_class operating_system_name"
        " operating_system_version operating_system_name_version agent_class agent_name"
        " agent_version agent_version_major agent_name_version agent_name_version_major"
        " layout_engine_class layout_engine_name",
    ),
    "contexts_com_iab_snowplow_spiders_and_robots_1": [
        pa.field("spider_or_robot", _BOOL),
        *_struct(_TEXT, "category reason primary_impact"),
    ],
    "contexts_com_snowplowanalytics_snowplow_media_player_2": [
        *_struct(_FLOAT, "current_time duration"),
        *_struct(_BOOL, "ended fullscreen livestream"),
        *_struct(_TEXT, "label"),
        *_struct(_BOOL, "loop"),
        *_struct(_TEXT, "media_type"),
        *_struct(_BOOL, "muted paused picture_in_picture"),
        *_struct(_FLOAT, "playback_rate"),
        *_struct(_TEXT, "player_type quality"),
        *_struct(_INT, "volume"),
    ],
}
"""Entity columns: the fields of one element."""

SELF_DESCRIBING: dict[str, list[pa.Field]] = {
    "unstruct_event_com_snowplowanalytics_snowplow_link_click_1": _struct(
        _TEXT, "target_url element_id element_target"
    ),
    "unstruct_event_com_snowplowanalytics_snowplow_focus_form_1": _struct(
        _TEXT, "form_id element_id node_name element_type"
    ),
    "unstruct_event_com_snowplowanalytics_snowplow_change_form_1": _struct(
        _TEXT, "form_id element_id node_name type"
    ),
    "unstruct_event_com_snowplowanalytics_snowplow_submit_form_1": _struct(_TEXT, "form_id"),
    "unstruct_event_com_snowplowanalytics_snowplow_consent_preferences_1": [
        *_struct(_TEXT, "event_type basis_for_processing consent_url consent_version"),
        *_struct(_BOOL, "gdpr_applies"),
    ],
}
"""Self-describing event columns: their fields."""


def camel_case(name: str) -> str:
    """Name of a field in the JSON schema.

    Examples
    --------
    >>> camel_case("device_class")
    'deviceClass'
    """
    head, *tail = name.split("_")
    return head + "".join(word.title() for word in tail)


def events_schema(entity_format: str = "struct") -> pa.Schema:
    """Arrow schema of a file of events.

    Parameters
    ----------
    entity_format : {"struct", "json"}
        Whether entity and self-describing columns are nested or JSON text.

    Returns
    -------
    pyarrow.Schema

    Examples
    --------
    >>> events_schema("json").field("contexts_nl_basjes_yauaa_context_1").type
    DataType(string)
    """
    as_json = entity_format == "json"
    columns = [pa.field(name, kind) for name, kind in ATOMIC.items()]
    columns += [
        pa.field(name, _TEXT if as_json else pa.list_(pa.field("element", pa.struct(parts))))
        for name, parts in ENTITIES.items()
    ]
    columns += [
        pa.field(name, _TEXT if as_json else pa.struct(parts))
        for name, parts in SELF_DESCRIBING.items()
    ]
    return pa.schema(columns)

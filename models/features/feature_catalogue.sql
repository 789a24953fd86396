{%- set features = dict(visitor_feature_definitions()) -%}
{%- do features.update(feature_definitions_of("feat_person__first_touch")) -%}
{%- set hashes = {} -%}
{%- for base in propensity_model_bases() if base.base != "daily" -%}
    {%- do hashes.update(feature_hashes(base)) -%}
{%- endfor -%}

with final as (

    {%- for name, column in features.items() %}
    {%- set definition = column.meta.feature %}
    {%- set period = definition.get("period") %}
    {%- set online = online_definition(definition) %}
    {{ "union all" if not loop.first }}
    select
        {{ sql_literal(name) }} as feature_name,
        {{ sql_literal(column.meta.get("label") or name) }} as label,
        {{ sql_literal(feature_behaviour(definition)) }} as behaviour,
        {{ sql_literal(period) if period else text_null() }} as period,
        {{ sql_literal(period_label(period)) if period else text_null() }} as period_label,
        {{ sql_literal(column.data_type or "") }} as data_type,
        {{ sql_literal(column.meta.get("unit") or "") }} as unit,
        {{ sql_literal(column.description | replace("\n", " ") | trim) }} as description,
        {{ sql_literal(tojson(definition, sort_keys=true)) }} as definition,
        {{ sql_literal(feature_only_for(column.meta) | join(" ")) }} as only_for,
        {{ sql_literal(column.meta.get("leak_reviewed", false)) }} as leak_reviewed,
        {{ sql_literal(hashes[name]) }} as feature_hash,
        {{ text_null() if online.definition is none
            else sql_literal(tojson(online.definition, sort_keys=true)) }}
            as online_definition,
        {{ text_null() if online.reason is none else sql_literal(online.reason) }}
            as not_online_reason
    {%- else %}
    select
        {{ text_null() }} as feature_name,
        {{ text_null() }} as label,
        {{ text_null() }} as behaviour,
        {{ text_null() }} as period,
        {{ text_null() }} as period_label,
        {{ text_null() }} as data_type,
        {{ text_null() }} as unit,
        {{ text_null() }} as description,
        {{ text_null() }} as definition,
        {{ text_null() }} as only_for,
        false as leak_reviewed,
        {{ text_null() }} as feature_hash,
        {{ text_null() }} as online_definition,
        {{ text_null() }} as not_online_reason
    where false
    {%- endfor %}

)

select * from final

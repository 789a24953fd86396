{%- set steps = [
    ("people scored", "num_scored"),
    ("of them converted before", "num_converted"),
    ("in aud_prospects", "num_people"),
    ("of them reachable", "num_people_reachable"),
    ("of them with a daily score", "num_daily"),
    ("of them with a first_touch score", "num_first_touch"),
    ("in aud_high_propensity", "num_high"),
    ("of them reachable", "num_high_reachable"),
    ("in aud_rule_based", "num_by_rule"),
    ("of them reachable", "num_by_rule_reachable"),
] -%}
{%- set first_touch = propensity_model_specs("first_touch") -%}
{%- set scored = propensity_model_specs("daily") + first_touch -%}
{%- for spec in scored -%}
    {%- do steps.append((
        "without a score of " ~ spec.model_name ~ ", whose champion is retired",
        "num_without__" ~ spec.model_name,
    )) -%}
    {%- do steps.append((
        "with a score of " ~ spec.model_name ~ " of before its features changed",
        "num_kept__" ~ spec.model_name,
    )) -%}
{%- endfor %}

with people as (

    select
        count(*) as num_scored,
        count(case when has_converted then 1 end) as num_converted
    from {{ ref("person_profiles") }}

),

audiences as (

    select
        count(*) as num_people,
        count(case when is_reachable then 1 end) as num_people_reachable,
        count(case when propensity_score is not null then 1 end) as num_daily,
        count(case when first_touch_score is not null then 1 end) as num_first_touch
    from {{ ref("aud_prospects") }}

),

high as (

    select
        count(*) as num_high,
        count(case when is_reachable then 1 end) as num_high_reachable
    from {{ ref("aud_high_propensity") }}

),

by_rule as (

    select
        count(*) as num_by_rule,
        count(case when is_reachable then 1 end) as num_by_rule_reachable
    from {{ ref("aud_rule_based") }}

),

{{ unscored_people(scored) }}

counts as (

    select
        people.*,
        unscored.*,
        audiences.*,
        high.*,
        by_rule.*
    from people
    cross join audiences
    cross join high
    cross join by_rule
    cross join unscored

),

-- The counts' names, one row each, so that one row of counts becomes a row per count.
steps as (

    {% for name, column in steps -%}
    {{ "union all" if not loop.first }}
    select
        {{ loop.index }} as step,
        '{{ name }}' as name
    {% endfor %}

),

final as (

    select
        steps.step,
        steps.name,
        case steps.step
            {%- for name, column in steps %}
            when {{ loop.index }} then counts.{{ column }}
            {%- endfor %}
        end as num_people
    from counts
    cross join steps

)

select * from final

{#- The scores people and audiences use. They are built only when every test of
    propensity_scores__candidate has passed; otherwise the last ones stay.

    Everyone has the champion's score and, where var challenger_share sends people to a
    challenger, the challenger's too: `is_used` marks the one that audiences go by.

    A label starts at a lift that label_lift() makes sense of at every base rate, and is kept
    down to `label_leave_threshold` of it, so that it does not flap: hence the look at the
    labels published before, of the same outcome.

    Where a model's champion reads features that were changed and no other version has
    passed yet, its last published scores stay (`kept_scores`). -#}
{%- set leave = var("label_leave_threshold") -%}
{%- set high = var("label_high_lift") -%}
{%- set medium = var("label_medium_lift") -%}
{%- set published = published_before() -%}
{%- set kept = kept_scores() -%}

with candidates as (

    select * from {{ ref("propensity_scores__candidate") }}

),

published as (

    {% if published is not none -%}
    select
        model_name,
        subject_id,
        label
    from {{ published }}
    {%- else -%}
    select
        model_name,
        subject_id,
        {{ text_null() }} as label
    from candidates
    where false
    {%- endif %}

),

ranked as (

    select
        candidates.*,
        published.label as label_before,
        candidates.score / nullif(candidates.base_rate, 0) as lift,
        ntile(10) over (
            partition by candidates.model_name, candidates.version
            order by
                candidates.score desc,
                md5('{{ var("tie_salt") }}' || candidates.subject_id),
                candidates.subject_id
        ) as decile,
        -- Is the subject's used score the challenger's?
        {{ is_in_share(
            "candidates.subject_id", var("challenger_share"), "challenger"
        ) }}
        and count(case when candidates.role = 'challenger' then 1 end) over (
            partition by candidates.model_name, candidates.subject_id
        ) > 0 as is_challenged
    from candidates
    left join published
        on
            candidates.model_name = published.model_name
            and candidates.subject_id = published.subject_id

),

scored as (

    select
        model_name,
        version,
        subject_id,
        as_of_tstamp,
        score,
        cast(decile as {{ dbt.type_int() }}) as decile,
        lift,
        case
            when
                lift >= {{ label_lift(high, "base_rate", "kind") }}
                or (
                    label_before = 'High'
                    and lift >= {{ label_lift(high * leave, "base_rate", "kind") }}
                )
                then 'High'
            when
                lift >= {{ label_lift(medium, "base_rate", "kind") }}
                or (
                    label_before in ('High', 'Medium')
                    and lift >= {{ label_lift(medium * leave, "base_rate", "kind") }}
                )
                then 'Medium'
            else 'Low'
        end as label,
        reason_1,
        reason_2,
        reason_3,
        kind,
        role,
        (role = 'challenger') = is_challenged as is_used,
        is_open
    from ranked

),

final as (

    {% if not kept -%}
    select * from scored
    {%- else -%}
    select
        {{ model.columns | join(",\n        ") }}
    from scored

    union all

    {{ kept }}
    {%- endif %}

)

select * from final

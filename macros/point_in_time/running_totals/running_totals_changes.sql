{#- What changes the totals, and when: events; keys that come, and go one period after;
    and the moments, which change nothing. -#}
{% macro running_totals_changes(plan, columns, moments) %}
    {%- set at_events = moments is none -%}
    select
        subject,
        us,
        {{ at_events | lower }} as is_moment,
        event_id
        {%- for name in columns.seen %},
        {{ name }}
        {%- endfor %}
    from seen
    {%- for key in plan.stretches.values() %}
    {%- set coming, going = keys_that_change(plan, key) %}
    {%- set shortest = going | map(attribute="period") | min %}

    union all by name

    select
        subject,
        from_us as us,
        {{ at_events | lower }} as is_moment
        {%- for name, sql in coming.items() %},
        {{ sql }} as {{ name }}
        {%- endfor %}
    from {{ key.name }}_stretches
    where since_us is null{{ " or since_us > " ~ shortest if going }}
    {%- for unique in going %}

    union all by name

    select
        stretches.subject,
        stretches.to_us + {{ unique.period }} as us,
        false as is_moment,
        -{{ unique.one }} as {{ unique.name }}
    from {{ key.name }}_stretches as stretches
    inner join subjects on stretches.subject = subjects.subject
    -- nothing asks for the visitor after their last moment
    where
        stretches.to_us + {{ unique.period }} < subjects.last_us
        and (stretches.until_us is null or stretches.until_us > {{ unique.period }})
    {%- endfor %}
    {%- endfor %}
    {%- if not at_events %}

    union all by name

    select
        subjects.subject,
        epoch_us(moments.as_of_tstamp) as us,
        true as is_moment
    from {{ moments }} as moments
    inner join subjects on moments.domain_userid = subjects.domain_userid
    {%- endif %}
{%- endmacro %}

{#- Of one key: number -> what it grows by where a stretch begins, and the periods after
    which a stretch that ended goes. -#}
{% macro keys_that_change(plan, key) %}
    {% set terms, coming, going = {}, {}, [] %}
    {% for unique in plan.uniques %}
        {% set index = plan.num_counts + loop.index0 %}
        {% set name, one = "h" ~ index // 4, packed_field("1::hugeint", index) %}
        {% if unique.key == key.name %}
            {% set anew = "since_us is null" %}
            {% if unique.period is not none %}
                {% set anew = anew ~ " or since_us > " ~ unique.period %}
                {% do going.append({"period": unique.period, "name": name, "one": one}) %}
            {% endif %}
            {% do terms.update({name: terms.get(name, []) + [
                "case when " ~ anew ~ " then " ~ one ~ " else 0::hugeint end",
            ]}) %}
        {% endif %}
    {% endfor %}
    {% for name, parts in terms.items() %}
        {% do coming.update({name: parts | join(" + ")}) %}
    {% endfor %}
    {{ return([coming, going]) }}
{% endmacro %}

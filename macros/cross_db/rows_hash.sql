{#- One text for a set of rows, whatever their order: the sum of a 64-bit hash of each row's
    columns, so that a row that is there twice counts twice. A null differs from every value.
    Engines hash differently, and may by release: compare it only with what the same one made. -#}
{% macro rows_hash(columns) %}
    {{ return(adapter.dispatch("rows_hash", "cdp")(columns)) }}
{% endmacro %}

{% macro default__rows_hash(columns) %} {{ not_written("rows_hash") }} {% endmacro %}

{% macro duckdb__rows_hash(columns) %}
    {{ return("cast(sum(cast(hash(" ~ columns | join(", ") ~ ") as hugeint)) as varchar)") }}
{% endmacro %}

{#- Two sums of remainders that tell as much as one of whole hashes, and stay below 2^63. -#}
{% macro snowflake__rows_hash(columns) %}
    {% set sums = [] %}
    {% for prime in [4294967291, 4294967279] %}
        {% do sums.append(
            "cast(sum(cast(mod(hash(" ~ columns | join(", ") ~ "), " ~ prime
            ~ ") as bigint)) as varchar)"
        ) %}
    {% endfor %}
    {{ return(sums | join(" || '-' || ")) }}
{% endmacro %}

{#- Spark's skips nulls: (null, 'a') would be ('a', null). -#}
{% macro spark__rows_hash(columns) %}
    {% set values = [] %}
    {% for column in columns %} {% do values.extend([column ~ " is null", column]) %} {% endfor %}
    {{ return(
        "cast(sum(cast(xxhash64(" ~ values | join(", ") ~ ") as decimal(38, 0))) as string)"
    ) }}
{% endmacro %}

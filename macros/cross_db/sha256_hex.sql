{#- SHA-256 of a text, as 64 lower-case hexadecimal digits. -#}
{% macro sha256_hex(text) %} {{ return(adapter.dispatch("sha256_hex", "cdp")(text)) }} {% endmacro %}

{% macro default__sha256_hex(text) %} {{ not_written("sha256_hex") }} {% endmacro %}

{% macro snowflake__sha256_hex(text) %} {{ return("sha2(" ~ text ~ ", 256)") }} {% endmacro %}

{% macro spark__sha256_hex(text) %} {{ return(snowflake__sha256_hex(text)) }} {% endmacro %}

{% macro duckdb__sha256_hex(text) %} {{ return("sha256(" ~ text ~ ")") }} {% endmacro %}

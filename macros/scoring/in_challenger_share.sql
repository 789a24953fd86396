{#- SQL: is the subject one of those whose scores the challenger makes? The same ones on
    every run and engine; a larger var challenger_share adds to them. -#}
{% macro in_challenger_share(subject) %}
    {% set share = var("challenger_share") %}
    {% if share <= 0 %} {{ return("false") }} {% endif %}
    {% if share >= 1 %} {{ return("true") }} {% endif %}
    {{ return(
        "substring(md5('challenger' || " ~ subject ~ "), 1, 4) < '"
        ~ "%04x" % (share * 65536) | int ~ "'"
    ) }}
{% endmacro %}

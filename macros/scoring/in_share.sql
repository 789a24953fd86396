{#- SQL: does the subject lie in a share of all, chosen by a salted hash? The same subjects on
    every run and engine; a larger share adds to them. -#}
{% macro is_in_share(subject, share, salt) %}
    {% if share <= 0 %} {{ return("false") }} {% endif %}
    {% if share >= 1 %} {{ return("true") }} {% endif %}
    {{ return(
        "substring(md5('" ~ salt ~ "' || " ~ subject ~ "), 1, 4) < '"
        ~ "%04x" % (share * 65536) | int ~ "'"
    ) }}
{% endmacro %}

{#- A part of all subjects, as hexadecimal digits of a hash: the same subjects on every run and
    engine. -#}
{% macro hash_bucket(text, num_digits) %}
    {{ return("substring(md5(" ~ text ~ "), 1, " ~ num_digits ~ ")") }}
{% endmacro %}

{#- SQL: does the subject lie in a share of all, chosen by a salted hash? The same subjects on
    every run and engine; a larger share adds to them. -#}
{% macro is_in_share(subject, share, salt) %}
    {% if share <= 0 %} {{ return("false") }} {% endif %}
    {% if share >= 1 %} {{ return("true") }} {% endif %}
    {% set bound = "%04x" % (share * 65536) | int %}
    {{ return(hash_bucket("'" ~ salt ~ "' || " ~ subject, 4) ~ " < '" ~ bound ~ "'") }}
{% endmacro %}

{#- Stops at a name in --vars that this project does not have: dbt would ignore it. If the
    project is a package of another one, the name may be the other's. `given` is what the
    command line gave, as a mapping; none: nothing. -#}
{% macro check_var_names(given) %}
    {% if project_name != "cdp" or given is not mapping %} {{ return("") }} {% endif %}
    {% set known = vars_by_effect().values() | sum(start=[]) | sort %}
    {% for name in given if name not in known %}
        {% set like = [] %}
        {% for other in known if other[:3] == (name | string | lower)[:3] %} {% do like.append(other) %} {% endfor %}
        {{ exceptions.raise_compiler_error(
            "There is no var " ~ name ~ " (given by --vars). "
            ~ ("Near it are " ~ like | join(", ") ~ ". " if like else "")
            ~ "dbt_project.yml lists all vars, with what each does."
        ) }}
    {% endfor %}
    {{ return("") }}
{% endmacro %}

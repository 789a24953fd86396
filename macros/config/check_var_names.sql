{#- A name in --vars that is none of this project's would be ignored by dbt. Where the project is
    a package of another one, the name may be of that one.

    given  what the command line gave, as a mapping; none where it gave nothing -#}
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

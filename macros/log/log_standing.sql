{#- After a run that looked at the versions: which models score nobody, or with scores of
    before, since a definition changed. -#}
{% macro log_standing() %}
    {% set versions = graph.nodes["model.cdp.propensity_versions"].relation_name %}
    {% set stopped %}
        select
            model_name,
            version,
            standing,
            standing_reason
        from (
            select
                *,
                count(case when standing = 'champion' then 1 end)
                    over (partition by model_name) as num_champions,
                row_number() over (
                    partition by model_name order by standing, trained_at desc, version desc
                ) as place
            from {{ versions }}
            where decision = 'champion' and standing <> 'not configured'
        ) as champions
        where num_champions = 0 and place = 1
        order by model_name
    {% endset %}
    {% for model_name, version, standing, reason in run_query(stopped).rows %}
        {{ log(
            "Model " ~ model_name ~ (
                ": the last published scores of " ~ version ~ " stay, and are not renewed: "
                if standing == "kept"
                else " scores nobody, as its champion " ~ version ~ " is retired: "
            ) ~ reason ~ " No other version has passed yet.", info=true
        ) }}
    {% endfor %}
{% endmacro %}

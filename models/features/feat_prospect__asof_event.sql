with events as (

    {{ subject_events(ref("stg_snowplow__events")) }}

),

final as (

    {{ point_in_time_features(feature_columns(), events="events") }}

)

select * from final

{{ config(materialized='table') }}
{# One record a survey message; the response that names the message answers it. #}
with surveys as (
    select source_system, message_id, conversation_id, _batch, _file, _line
    from {{ ref('base_chatwoot__messages') }}
    where content_type = 'input_csat' and not is_gone
),

versions as (
    {{ ranked_versions(source('chatwoot', 'ratings'), 'response_id') }}
),

complete_readings as (
    {{ complete_readings('chatwoot', 'is_complete and coalesce(has_ratings, true)') }}
),

responses as (
    select
        versions.source_system,
        coalesce(versions.message_id, 'response ' || versions.response_id) as rating_id,
        versions.conversation_id,
        versions.rating,
        versions.feedback_message,
        {{ utc('versions.created_at') }} as answered_at,
        versions._batch,
        versions._file,
        versions._line,
        row_number() over (
            partition by versions.source_system, coalesce(versions.message_id, 'response ' || versions.response_id)
            order by versions.created_at desc nulls last, versions._batch desc, versions._file desc, versions._line desc
        ) as response_rank
    from versions
    left join complete_readings on versions.source_system = complete_readings.source_system
    where
        versions.version_rank = 1
        and coalesce(versions.last_seen >= complete_readings.complete_batch, true)
)

select
    coalesce(surveys.source_system, responses.source_system) as source_system,
    coalesce(surveys.message_id, responses.rating_id) as rating_id,
    coalesce(surveys.conversation_id, responses.conversation_id) as conversation_id,
    responses.rating,
    responses.feedback_message as rating_comment,
    responses.answered_at,

    -- versions
    cast(null as timestamp) as updated_at,
    coalesce(surveys._batch, responses._batch) as _batch,
    coalesce(surveys._file, responses._file) as _file,
    coalesce(surveys._line, responses._line) as _line
from surveys
full outer join (select * from responses where response_rank = 1) as responses
    on surveys.source_system = responses.source_system and surveys.message_id = responses.rating_id

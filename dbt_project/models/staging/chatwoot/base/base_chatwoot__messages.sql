{{ config(materialized='table') }}
with versions as (
    {{ ranked_versions(source('chatwoot', 'messages'), 'message_id') }}
),

complete_readings as (
    {{ complete_readings('chatwoot') }}
),

latest as (
    select
        versions.*,
        coalesce(versions.last_seen < complete_readings.complete_batch, false) as is_gone,
        {{ word('versions.sender_type') }} as sender_word
    from versions
    left join complete_readings on versions.source_system = complete_readings.source_system
    where versions.version_rank = 1
)

select
    -- ids
    source_system,
    message_id,
    {{ whole_number('message_id') }} as message_number,
    conversation_id,
    sender_id,

    -- words
    case {{ word('message_type') }}
        when '0' then 'incoming'
        when '1' then 'outgoing'
        when '2' then 'activity'
        when '3' then 'template'
        else {{ word('message_type') }}
    end as message_type,
    {{ word('content_type') }} as content_type,
    {{ word('status') }} as status_word,
    case
        when sender_word in ('contact', 'user') then sender_word
        when sender_word is not null then 'bot'
    end as sender_type,
    activity,

    -- instants and states
    {{ utc('created_at') }} as created_at,
    coalesce(private, false) as is_private,
    coalesce(deleted, false) as is_deleted,
    is_gone,
    campaign_id is not null as is_of_campaign,
    automation_rule_id is not null as is_of_automation,

    -- the sender, as the message tells
    sender_name,
    sender_phone,

    -- versions
    _batch,
    _file,
    _line
from latest

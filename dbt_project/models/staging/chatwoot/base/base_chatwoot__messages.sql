{{ config(materialized='table') }}
with versions as (
    {{ ranked_versions(source('chatwoot', 'messages'), 'message_id') }}
),

sent as (
    select *, sender_id as person_id, {{ word('sender_type') }} as person_kind
    from versions
),

{{ kept_people('sent', 'message_id') }},

complete_readings as (
    {{ complete_readings('chatwoot') }}
),

latest as (
    select
        sent.*,
        coalesce(sent.last_seen < coalesce(unread.complete_batch, complete_readings.complete_batch), false) as is_gone,
        coalesce(sent.person_id, kept_people.person_id) as known_sender_id,
        coalesce(kept_people.person_kind, sent.person_kind) as known_sender_kind
    from sent
    left join complete_readings on sent.source_system = complete_readings.source_system
    left join {{ ref('base_chatwoot__unread') }} as unread
        on sent.source_system = unread.source_system and sent.conversation_id = unread.conversation_id
    -- a contact goes with its conversations
    left join kept_people
        on
            sent.source_system = kept_people.source_system
            and sent.message_id = kept_people.message_id
            and kept_people.person_kind <> 'contact'
    where sent.version_rank = 1
)

select
    -- ids
    source_system,
    message_id,
    {{ whole_number('message_id') }} as message_number,
    conversation_id,
    known_sender_id as sender_id,

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
        when known_sender_kind in ('contact', 'user') then known_sender_kind
        when known_sender_kind is not null then 'bot'
    end as sender_type,
    activity,
    {{ word('activity_status') }} as activity_status,

    -- instants and states
    {{ utc('created_at') }} as created_at,
    coalesce(private, false) as is_private,
    coalesce(deleted, false) as is_deleted,
    is_gone,
    coalesce(is_reaction, false) as is_reaction,
    campaign_id is not null as is_of_campaign,
    automation_rule_id is not null as is_of_automation,

    -- the sender, as the message says
    sender_name,
    sender_phone,

    -- versions
    _batch,
    _file,
    _line
from latest

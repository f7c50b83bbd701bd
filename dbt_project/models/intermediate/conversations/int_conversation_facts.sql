{{ config(materialized='incremental', incremental_strategy='replace_affected') }}
with conversations as (
    select *
    from {{ ref('int_conversations') }}
    where not is_deleted and {{ is_affected() }}
),

replies as (
    select
        conversation_key,
        count(*) as replies,
        sum(reply_seconds) as reply_seconds_sum
    from {{ ref('int_replies') }}
    where {{ is_affected() }}
    group by conversation_key
),

reopenings as (
    select conversation_key, count(*) as reopens
    from {{ ref('int_events') }}
    where event_type = 'reopened' and {{ is_affected() }}
    group by conversation_key
)

select
    -- ids
    conversations.conversation_key,
    conversations.contact_key,
    conversations.account_id,
    conversations.source_system,
    conversations.agent_key,
    first_responses.first_responder_key,
    conversations.tag_set_key,
    conversations.team_channel_key,

    -- text
    case
        when conversations.source_word in ('flow', 'inbox', 'inbound') then conversations.source_word
        when coalesce(conversations.source_word, 'unknown') not in ('unknown', 'auto_response') then 'other'
        when coalesce(messages.is_inbound_first, false) then 'inbound'
        else 'other'
    end as source,

    -- instants
    conversations.started_at,
    conversations.started_date,
    case when started_step.is_scheduled then started_step.is_open end as started_in_working_hours,
    messages.first_inbound_at,
    messages.last_inbound_at,
    open_waits.waiting_since,
    first_responses.first_response_at,
    conversations.closed_at,
    messages.last_message_at,

    -- counts
    coalesce(reopenings.reopens, 0) as reopens,
    coalesce(messages.messages, 0) as messages,
    coalesce(messages.messages_inbound, 0) as messages_inbound,
    coalesce(messages.messages_outbound, 0) as messages_outbound,
    coalesce(messages.messages_human, 0) as messages_human,
    coalesce(messages.messages_failed, 0) as messages_failed,
    coalesce(replies.replies, 0) as replies,

    -- states
    case
        when messages.first_inbound_at is null then null
        when first_responses.first_response_at is not null then true
        when messages.has_unattributed then null
        else false
    end as is_answered,
    conversations.status = 'closed' or conversations.closed_at is not null as is_closed,
    ratings.conversation_key is not null as is_surveyed,

    -- seconds
    {{ elapsed_seconds('first_responses.waiting_since', 'first_responses.first_response_at') }}
        as first_response_seconds,
    {{ business_seconds(
        'waiting_step', 'first_responses.waiting_since', 'response_step', 'first_responses.first_response_at'
    ) }} as first_response_business_seconds,
    cast(replies.reply_seconds_sum as bigint) as reply_seconds_sum,
    {{ elapsed_seconds('conversations.started_at', 'conversations.closed_at') }} as duration_seconds,
    {{ business_seconds('started_step', 'conversations.started_at', 'closed_step', 'conversations.closed_at') }}
        as duration_business_seconds,

    -- ratings
    ratings.rating,
    ratings.rating >= accounts.rating_best - 1 as is_satisfied,
    ratings.rating_comment,
    ratings.rated_at
from conversations
inner join {{ ref('stg_settings__accounts') }} as accounts on conversations.account_id = accounts.account_id
left join {{ ref('int_conversation_messages') }} as messages
    on conversations.conversation_key = messages.conversation_key
left join {{ ref('int_first_responses') }} as first_responses
    on conversations.conversation_key = first_responses.conversation_key
left join {{ ref('int_open_waits') }} as open_waits
    on conversations.conversation_key = open_waits.conversation_key
left join replies on conversations.conversation_key = replies.conversation_key
left join reopenings on conversations.conversation_key = reopenings.conversation_key
left join {{ ref('int_conversation_ratings') }} as ratings
    on conversations.conversation_key = ratings.conversation_key
{{ join_working_time('started_step', 'conversations.account_id', 'conversations.started_at') }}
{{ join_working_time('closed_step', 'conversations.account_id', 'conversations.closed_at') }}
{{ join_working_time('waiting_step', 'conversations.account_id', 'first_responses.waiting_since') }}
{{ join_working_time('response_step', 'conversations.account_id', 'first_responses.first_response_at') }}

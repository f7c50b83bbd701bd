-- Detects conversations whose figures contradict each other, or whose rating is not on the account's scale.
-- A returned row is such a conversation.
{{ config(meta={'dagster': {'ref': {'name': 'details'}}}) }}
select
    details.account_id,
    details.source_system,
    details.conversation_id
from {{ ref('details') }} as details
inner join {{ ref('stg_settings__accounts') }} as accounts on details.account_id = accounts.account_id
where
    cast(details.started_local as date) <> details.started_date
    or extract(hour from details.started_local) <> details.started_hour
    or (details.contact_id is null) <> (details.contact_key is null)
    or details.messages <> details.messages_inbound + details.messages_outbound
    or details.messages_human > details.messages_outbound
    or details.replies > details.messages_human
    or (details.first_inbound_at is null) <> (details.messages_inbound = 0)
    or (details.last_inbound_at is null) <> (details.messages_inbound = 0)
    or details.last_inbound_at not between details.first_inbound_at and details.last_message_at
    or details.waiting_since not between details.first_inbound_at and details.last_inbound_at
    or (details.waiting_since is not null and (details.is_closed or details.messages_inbound = 0))
    or (details.last_message_at is null) <> (details.messages = 0)
    or (details.first_response_at is null) <> (details.replies = 0)
    or (details.first_response_at is null) <> (details.first_response_seconds is null)
    or (details.first_response_at is not null and details.is_answered is distinct from true)
    or (details.first_response_at is null and details.is_answered)
    or (details.first_inbound_at is null and details.is_answered is not null)
    or details.first_response_at < details.first_inbound_at
    or details.reopened <> (details.reopens > 0)
    or (details.reply_seconds_sum is null) <> (details.replies = 0)
    or coalesce(details.closed_at >= details.started_at, false) <> (details.duration_seconds is not null)
    or (details.status = 'closed' or details.closed_at is not null) <> details.is_closed
    or details.first_response_business_seconds > details.first_response_seconds
    or details.duration_business_seconds > details.duration_seconds
    or (details.rating is not null and not details.is_surveyed)
    or details.rating not between accounts.rating_worst and accounts.rating_best
    or details.is_satisfied is distinct from (details.rating >= accounts.rating_best - 1)
    or (details.rating is null and (details.rated_at is not null or details.rating_comment is not null))

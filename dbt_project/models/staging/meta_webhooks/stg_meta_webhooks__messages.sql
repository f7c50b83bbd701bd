{{ config(materialized='table') }}
{# Deliveries repeat, arrive late and out of order, and the history repeats what was delivered before: a message is one
   row whatever came of it. An outbound one may be known by its statuses alone: what was read was delivered, and a
   failure is the last word. A revocation deletes the message that it names, which may come later or never. #}
{% set statuses = ['failed', 'read', 'delivered', 'sent'] %}
{% set no_messages = ['request_welcome', 'edit', 'revoke', 'deleted'] %}
{% set is_outbound -%}
case
    when source = 'smb_message_echoes' then true
    when source = 'messages' then false
    when from_me is not null then from_me
    when business_key is not null then from_key = business_key
    else coalesce(from_key <> contact_key, false)
end
{%- endset %}
with messages as (
    select
        *,
        {{ word('type') }} as type_word,
        {{ number_of('from_number') }} as from_digits,
        {{ number_of('to_number') }} as to_digits,
        {{ number_of('contact_number') }} as contact_digits,
        {{ number_key(number_of('from_number')) }} as from_key,
        {{ number_key(number_of('contact_number')) }} as contact_key,
        {{ number_key(number_of('business_number')) }} as business_key
    from {{ source('meta_webhooks', 'messages') }}
    where _reasons is null
),

directed as (
    select *, case when {{ is_outbound }} then 'outbound' else 'inbound' end as direction
    from messages
),

received as (
    select
        source_system,
        message_id,
        revoked_id,
        direction,
        case direction
            when 'inbound' then coalesce(from_digits, contact_digits) else coalesce(to_digits, contact_digits)
        end as contact_phone,
        case direction
            when 'inbound' then coalesce(from_user_id, {{ user_id_of('from_number') }})
            else coalesce(to_user_id, {{ user_id_of('to_number') }})
        end as message_user_id,
        coalesce(contact_user_id, {{ user_id_of('contact_number') }}) as contact_user_id,
        case
            {% for type_word in no_messages -%}
            when type_word = '{{ type_word }}' then 'system'
            {% endfor -%}
            else type_word
        end as message_type,
        {{ word('status') }} as status_word,
        {{ utc('sent_at') }} as sent_at,
        _batch,
        _file,
        _line,
        row_number() over (
            partition by source_system, message_id
            order by
                case when source = 'history' then 1 else 0 end asc,
                sent_at asc,
                _batch desc,
                _file desc,
                _line desc
        ) as delivery_rank
    from directed
),

reported as (
    select
        source_system,
        message_id,
        {{ number_of('contact_number') }} as contact_phone,
        coalesce(contact_user_id, {{ user_id_of('contact_number') }}) as user_id,
        {{ word('status') }} as status_word,
        {{ utc('occurred_at') }} as occurred_at,
        _batch,
        _file,
        _line
    from {{ source('meta_webhooks', 'statuses') }}
    where _reasons is null
    union all
    -- the history says how its messages went; when is not known
    select
        source_system,
        message_id,
        contact_phone,
        coalesce(message_user_id, contact_user_id) as user_id,
        status_word,
        cast(null as timestamp) as occurred_at,
        _batch,
        _file,
        _line
    from received
    where status_word is not null and direction = 'outbound'
),

understood as (
    select
        *,
        case status_word when 'played' then 'read' when 'error' then 'failed' else status_word end as furthest_word
    from reported
),

sent as (
    select
        source_system,
        message_id,
        min(contact_phone) as contact_phone,
        min(user_id) as user_id,
        coalesce(min(case when furthest_word = 'sent' then occurred_at end), min(occurred_at)) as sent_at,
        {% for status in statuses + ['deleted'] -%}
        max(case when furthest_word = '{{ status }}' then 1 else 0 end) as is_{{ status }},
        {% endfor -%}
        max(_batch) as _batch,
        max(_file) as _file,
        min(_line) as _line
    from understood
    group by source_system, message_id
),

revoked as (
    select
        source_system,
        revoked_id as message_id,
        max(direction) as direction,
        min(contact_phone) as contact_phone,
        min(coalesce(message_user_id, contact_user_id)) as user_id,
        min(sent_at) as sent_at,
        max(_batch) as _batch,
        max(_file) as _file,
        min(_line) as _line
    from received
    where revoked_id is not null
    group by source_system, revoked_id
)

select
    coalesce(received.source_system, sent.source_system, revoked.source_system) as source_system,
    coalesce(received.message_id, sent.message_id, revoked.message_id) as message_id,
    coalesce(received.contact_phone, sent.contact_phone, revoked.contact_phone) as contact_phone,
    coalesce(received.message_user_id, received.contact_user_id, sent.user_id, revoked.user_id) as user_id,
    coalesce(
        received.direction, case when sent.message_id is not null then 'outbound' end, revoked.direction
    ) as direction,
    received.message_type,
    case
        when received.direction = 'inbound' then null
        {% for status in statuses -%}
        when sent.is_{{ status }} = 1 then '{{ status }}'
        {% endfor -%}
    end as status_word,
    coalesce(received.sent_at, sent.sent_at, revoked.sent_at) as sent_at,
    revoked.message_id is not null or coalesce(sent.is_deleted = 1, false) as is_deleted,
    coalesce(received._batch, sent._batch, revoked._batch) as _batch,
    coalesce(received._file, sent._file, revoked._file) as _file,
    coalesce(received._line, sent._line, revoked._line) as _line
from (select * from received where delivery_rank = 1) as received
full outer join sent on received.source_system = sent.source_system and received.message_id = sent.message_id
full outer join revoked
    on
        coalesce(received.source_system, sent.source_system) = revoked.source_system
        and coalesce(received.message_id, sent.message_id) = revoked.message_id

{{ config(materialized='table') }}
{# Deliveries repeat, arrive late and out of order: a message is one row whatever came of it. An outbound one is known
   by its statuses alone: what was read was delivered, and a failure is the last word. #}
{% set statuses = ['failed', 'read', 'delivered', 'sent'] %}
with received as (
    select
        *,
        row_number() over (
            partition by source_system, message_id order by sent_at asc, _batch desc, _file desc, _line desc
        ) as delivery_rank
    from {{ source('meta_webhooks', 'messages') }}
    where _reasons is null
),

told as (
    select
        source_system,
        message_id,
        {{ digits_of('contact_phone') }} as contact_phone,
        {{ word('status') }} as status_word,
        {{ utc('occurred_at') }} as occurred_at,
        _batch,
        _file,
        _line
    from {{ source('meta_webhooks', 'statuses') }}
    where _reasons is null
),

sent as (
    select
        source_system,
        message_id,
        min(contact_phone) as contact_phone,
        coalesce(min(case when status_word = 'sent' then occurred_at end), min(occurred_at)) as sent_at,
        {% for status in statuses -%}
        max(case when status_word = '{{ status }}' then 1 else 0 end) as is_{{ status }},
        {% endfor -%}
        max(_batch) as _batch,
        max(_file) as _file,
        min(_line) as _line
    from told
    group by source_system, message_id
)

select
    source_system,
    message_id,
    {{ digits_of('contact_phone') }} as contact_phone,
    'inbound' as direction,
    {{ word('type') }} as message_type,
    cast(null as varchar) as status_word,
    {{ utc('sent_at') }} as sent_at,
    _batch,
    _file,
    _line
from received
where delivery_rank = 1
union all
select
    sent.source_system,
    sent.message_id,
    sent.contact_phone,
    'outbound' as direction,
    cast(null as varchar) as message_type,
    case
        {% for status in statuses -%}
        when sent.is_{{ status }} = 1 then '{{ status }}'
        {% endfor -%}
    end as status_word,
    sent.sent_at,
    sent._batch,
    sent._file,
    sent._line
from sent
left join received on sent.source_system = received.source_system and sent.message_id = received.message_id
where received.message_id is null

{# Messages of ActiveCampaign's conversations: the first of each, which the system tells, and those of the archive of
   webhooks, which belong to the latest conversation with the contact's phone that began at or before them. Conversations
   and messages with a phone stand in one row of time: how many conversations there are up to a message tells which is
   its. The archive's delivery of a first message is the same message. #}
{% set conversations, contacts = ref('base_activecampaign__conversations'), source('activecampaign', 'contacts') %}
{% set archive = ref('stg_meta_webhooks__messages') %}
{% set order_of_statuses = "case {} when 'failed' then 4 when 'read' then 3 when 'delivered' then 2 when 'sent' then 1" %}
with first_messages as (
    {% if has_kind('activecampaign') -%}
    select
        sources.account_id,
        conversations.source_system,
        conversations.conversation_id,
        conversations.first_message_id as message_id,
        conversations.first_message_direction as direction,
        conversations.first_message_at as sent_at,
        conversations.first_message_status as status_word,
        conversations.first_message_sender_id as sender_id,
        conversations.first_message_type as message_type,
        conversations.first_message_source as source_word,
        conversations._batch,
        conversations._file,
        conversations._line,
        row_number() over (
            partition by sources.account_id, conversations.first_message_id
            order by conversations.started_at, conversations.conversation_id
        ) as message_rank
    from {{ conversations }} as conversations
    inner join {{ source('settings', 'sources') }} as sources
        on conversations.source_system = sources.source_system
    where
        conversations.is_latest
        and conversations.first_message_id is not null
        and conversations.first_message_at is not null
        and conversations.first_message_direction in ('inbound', 'outbound')
    {%- else -%}
    select
        account_id,
        source_system,
        {% for text in [
            'conversation_id', 'message_id', 'direction', 'status_word', 'sender_id', 'message_type', 'source_word',
            '_batch', '_file'
        ] -%}
        cast(null as varchar) as {{ text }},
        {% endfor -%}
        cast(null as timestamp) as sent_at,
        cast(null as bigint) as _line,
        1 as message_rank
    from {{ source('settings', 'sources') }}
    where false
    {%- endif %}
),

archived as (
    {% if has_kind('meta_webhooks') -%}
    select sources.account_id, messages.*
    from {{ archive }} as messages
    inner join {{ source('settings', 'sources') }} as sources on messages.source_system = sources.source_system
    {%- else -%}
    select
        account_id,
        source_system,
        {% for text in ['message_id', 'contact_phone', 'direction', 'message_type', 'status_word', '_batch', '_file'] -%}
        cast(null as varchar) as {{ text }},
        {% endfor -%}
        cast(null as timestamp) as sent_at,
        cast(null as bigint) as _line
    from {{ source('settings', 'sources') }}
    where false
    {%- endif %}
),

phones as (
    {% if has_kind('activecampaign') -%}
    {% for phone in ['phone', 'canonical_phone'] -%}
    select source_system, contact_id, {{ digits_of(phone) }} as contact_phone
    from {{ contacts }}
    where _reasons is null and {{ digits_of(phone) }} <> ''
    {% if not loop.last %}union{% endif %}
    {% endfor -%}
    {%- else -%}
    select source_system, cast(null as varchar) as contact_id, cast(null as varchar) as contact_phone
    from {{ source('settings', 'sources') }}
    where false
    {%- endif %}
),

conversations as (
    {% if has_kind('activecampaign') -%}
    select
        sources.account_id,
        phones.contact_phone,
        conversations.source_system,
        conversations.conversation_id,
        conversations.started_at,
        row_number() over (
            partition by sources.account_id, phones.contact_phone
            order by conversations.started_at, conversations.conversation_id, conversations.source_system
        ) as conversation_rank
    from {{ conversations }} as conversations
    inner join phones
        on
            conversations.source_system = phones.source_system
            and conversations.contact_id = phones.contact_id
    inner join {{ source('settings', 'sources') }} as sources
        on conversations.source_system = sources.source_system
    where conversations.is_latest
    {%- else -%}
    select
        account_id,
        cast(null as varchar) as contact_phone,
        source_system,
        cast(null as varchar) as conversation_id,
        cast(null as timestamp) as started_at,
        1 as conversation_rank
    from {{ source('settings', 'sources') }}
    where false
    {%- endif %}
),

in_time as (
    select
        account_id,
        contact_phone,
        started_at as instant,
        0 as precedence,
        cast(null as varchar) as source_system,
        cast(null as varchar) as message_id
    from conversations
    union all
    select account_id, contact_phone, sent_at as instant, 1 as precedence, source_system, message_id
    from archived
),

counted as (
    select
        source_system,
        message_id,
        sum(case when message_id is null then 1 else 0 end) over (
            partition by account_id, contact_phone
            order by instant, precedence
            rows between unbounded preceding and current row
        ) as conversation_rank
    from in_time
),

attributed as (
    select
        archived.*,
        conversations.source_system as conversation_source,
        conversations.conversation_id,
        -- several archives of an account may hold the same message
        row_number() over (
            partition by archived.account_id, archived.message_id order by archived.sent_at, archived.source_system
        ) as message_rank
    from archived
    inner join counted
        on archived.source_system = counted.source_system and archived.message_id = counted.message_id
    left join conversations
        on
            archived.account_id = conversations.account_id
            and archived.contact_phone = conversations.contact_phone
            and counted.conversation_rank = conversations.conversation_rank
)

select
    -- ids: without a conversation a message is an orphan of its archive
    coalesce(first_messages.source_system, attributed.conversation_source, attributed.source_system) as source_system,
    coalesce(first_messages.message_id, attributed.message_id) as message_id,
    coalesce(
        first_messages.conversation_id, attributed.conversation_id, attributed.contact_phone
    ) as conversation_id,
    case when first_messages.direction = 'outbound' then first_messages.sender_id end as agent_id,

    -- words
    coalesce(first_messages.direction, attributed.direction) as direction,
    case
        when coalesce(first_messages.direction, attributed.direction) = 'inbound' then 'contact'
        when first_messages.sender_id is not null then 'agent'
        when first_messages.source_word = 'flow' then 'bot'
        when first_messages.source_word is not null then 'system'
    end as sender_type,
    case
        when first_messages.direction = 'outbound' and first_messages.source_word <> 'inbound'
            then first_messages.source_word
    end as origin,
    coalesce(first_messages.message_type, attributed.message_type) as message_type,
    case
        when
            {{ order_of_statuses.format('attributed.status_word') }} else 0 end
            > {{ order_of_statuses.format('first_messages.status_word') }} else 0 end
            then attributed.status_word
        else first_messages.status_word
    end as status_word,

    -- instants
    coalesce(first_messages.sent_at, attributed.sent_at) as sent_at,

    -- versions
    false as is_private,
    coalesce(first_messages.status_word = 'deleted', false) as is_deleted,
    cast(null as timestamp) as updated_at,
    coalesce(first_messages._batch, attributed._batch) as _batch,
    coalesce(first_messages._file, attributed._file) as _file,
    coalesce(first_messages._line, attributed._line) as _line
from (select * from first_messages where message_rank = 1) as first_messages
full outer join (select * from attributed where message_rank = 1) as attributed
    on first_messages.account_id = attributed.account_id and first_messages.message_id = attributed.message_id

{# Messages of ActiveCampaign's conversations: the first of each, which any snapshot reports, and those of the archive
   of webhooks, which belong to the latest conversation with the contact's phone that began at or before them.
   Conversations and messages with a phone stand in one row of time: the number of conversations up to a message says
   which is its. A message can stand in several: under each number by which its user is known at that instant. The
   archive's delivery of a first message is the same message. #}
{% set conversations, contacts = ref('base_activecampaign__conversations'), source('activecampaign', 'contacts') %}
{% set archive = ref('stg_meta_webhooks__messages') %}
with reported as (
    {% if has_kind('activecampaign') -%}
    select sources.account_id, conversations.*
    from {{ conversations }} as conversations
    inner join {{ ref('stg_settings__sources') }} as sources
        on conversations.source_system = sources.source_system
    {%- else -%}
    {{ no_rows({
        'account_id': 'string', 'source_system': 'string', 'conversation_id': 'string', 'contact_id': 'string',
        'started_at': 'timestamp', 'is_latest': 'boolean', 'first_message_id': 'string', 'first_message_direction': 'string',
        'first_message_at': 'timestamp', 'first_message_status': 'string', 'first_message_sender_id': 'string',
        'first_message_type': 'string', 'first_message_source': 'string',
        '_batch': 'string', '_file': 'string', '_line': 'bigint',
    }) }}
    {%- endif %}
),

phones as (
    {% if has_kind('activecampaign') -%}
    {% for key in [
        number_key(digits_of('phone')), number_key(digits_of('canonical_phone')),
        "'user ' || " ~ user_id_of('phone'), "'user ' || " ~ user_id_of('canonical_phone'),
    ] -%}
    select source_system, contact_id, {{ key }} as number_key
    from {{ contacts }}
    where _reasons is null and {{ key }} <> ''
    {% if not loop.last %}union{% endif %}
    {% endfor -%}
    {%- else -%}
    {{ no_rows({'source_system': 'string', 'contact_id': 'string', 'number_key': 'string'}) }}
    {%- endif %}
),

archived as (
    {% if has_kind('meta_webhooks') -%}
    select sources.account_id, {{ number_key('messages.contact_phone') }} as number_key, messages.*
    from {{ archive }} as messages
    inner join {{ ref('stg_settings__sources') }} as sources on messages.source_system = sources.source_system
    {%- else -%}
    {{ no_rows({
        'account_id': 'string', 'number_key': 'string', 'source_system': 'string', 'message_id': 'string',
        'contact_phone': 'string', 'user_id': 'string', 'direction': 'string', 'message_type': 'string',
        'status_word': 'string', 'sent_at': 'timestamp', 'is_deleted': 'boolean',
        '_batch': 'string', '_file': 'string', '_line': 'bigint',
    }) }}
    {%- endif %}
),

other_numbers as (
    {% if has_kind('meta_webhooks') -%}
    select account_id, known_as, number_key, since_at from {{ ref('stg_meta_webhooks__numbers') }}
    {%- else -%}
    {{ no_rows({'account_id': 'string', 'known_as': 'string', 'number_key': 'string', 'since_at': 'timestamp'}) }}
    {%- endif %}
),

under_other_numbers as (
    {% for known_as in ['archived.number_key', "'user ' || archived.user_id"] -%}
    select archived.account_id, other_numbers.number_key, archived.source_system, archived.message_id, archived.sent_at
    from archived
    inner join other_numbers
        on
            archived.account_id = other_numbers.account_id
            and {{ known_as }} = other_numbers.known_as
            and archived.sent_at >= other_numbers.since_at
    where archived.number_key is null or archived.number_key <> other_numbers.number_key
    {% if not loop.last %}union{% endif %}
    {% endfor -%}
),

under_numbers as (
    select account_id, number_key, source_system, message_id, sent_at
    from archived
    where number_key is not null
    union all
    -- a contact may have the user's id in place of a phone
    select account_id, 'user ' || user_id as number_key, source_system, message_id, sent_at
    from archived
    where user_id is not null
    union all
    select account_id, number_key, source_system, message_id, sent_at
    from under_other_numbers
),

first_messages as (
    select
        account_id,
        source_system,
        conversation_id,
        first_message_id as message_id,
        first_message_direction as direction,
        first_message_at as sent_at,
        first_message_status as status_word,
        first_message_sender_id as sender_id,
        first_message_type as message_type,
        first_message_source as source_word,
        _batch,
        _file,
        _line,
        row_number() over (
            partition by account_id, first_message_id order by _batch desc, started_at asc, conversation_id asc
        ) as message_rank
    from reported
    where
        first_message_id is not null
        and first_message_at is not null
        and first_message_direction in ('inbound', 'outbound')
),

conversations as (
    select
        reported.account_id,
        phones.number_key,
        reported.source_system,
        reported.conversation_id,
        reported.started_at,
        row_number() over (
            partition by reported.account_id, phones.number_key
            order by reported.started_at, reported.conversation_id, reported.source_system
        ) as conversation_rank
    from reported
    inner join phones on reported.source_system = phones.source_system and reported.contact_id = phones.contact_id
    where reported.is_latest
),

in_time as (
    select
        account_id,
        number_key,
        started_at as instant,
        0 as precedence,
        cast(null as string) as source_system,
        cast(null as string) as message_id
    from conversations
    union all
    select account_id, number_key, sent_at as instant, 1 as precedence, source_system, message_id
    from under_numbers
),

counted as (
    select
        number_key,
        source_system,
        message_id,
        sum(case when message_id is null then 1 else 0 end) over (
            partition by account_id, number_key
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
        max(case when archived.is_deleted then 1 else 0 end) over (
            partition by archived.account_id, archived.message_id
        ) as is_deleted_anywhere,
        -- several archives of an account may hold the same message, and several numbers have a conversation
        row_number() over (
            partition by archived.account_id, archived.message_id
            order by
                archived.sent_at asc,
                archived.source_system asc,
                conversations.started_at desc nulls last,
                conversations.conversation_id desc,
                conversations.source_system desc
        ) as message_rank
    from archived
    left join counted
        on archived.source_system = counted.source_system and archived.message_id = counted.message_id
    left join conversations
        on
            archived.account_id = conversations.account_id
            and counted.number_key = conversations.number_key
            and counted.conversation_rank = conversations.conversation_rank
)

select
    -- ids: without a conversation a message is an orphan of its archive
    coalesce(first_messages.source_system, attributed.conversation_source, attributed.source_system) as source_system,
    coalesce(first_messages.message_id, attributed.message_id) as message_id,
    coalesce(
        first_messages.conversation_id,
        attributed.conversation_id,
        attributed.contact_phone,
        attributed.user_id,
        attributed.message_id
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
        when {{ status_rank('attributed.status_word') }} > {{ status_rank('first_messages.status_word') }}
            then attributed.status_word
        else first_messages.status_word
    end as status_word,

    -- instants
    coalesce(first_messages.sent_at, attributed.sent_at) as sent_at,

    -- versions
    false as is_private,
    coalesce(first_messages.status_word = 'deleted', false)
    or coalesce(attributed.is_deleted_anywhere = 1, false) as is_deleted,
    cast(null as timestamp) as updated_at,
    coalesce(first_messages._batch, attributed._batch) as _batch,
    coalesce(first_messages._file, attributed._file) as _file,
    coalesce(first_messages._line, attributed._line) as _line
from (select * from first_messages where message_rank = 1) as first_messages
full outer join (select * from attributed where message_rank = 1) as attributed
    on first_messages.account_id = attributed.account_id and first_messages.message_id = attributed.message_id

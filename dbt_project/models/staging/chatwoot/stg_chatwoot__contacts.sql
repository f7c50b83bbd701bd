{{ config(materialized='table') }}
{# The list shows contacts that can be reached; whoever is named as a sender is one too. What the list says comes first,
   then what conversations say, and only for who is in neither what messages say. #}
with listed as (
    select source_system, contact_id, name, phone_number as phone, 1 as precedence, _batch, _file, _line
    from {{ source('chatwoot', 'contacts') }}
    where _reasons is null
),

of_conversations as (
    select
        source_system,
        contact_id,
        contact_name as name,
        contact_phone as phone,
        2 as precedence,
        _batch,
        _file,
        _line
    from {{ source('chatwoot', 'conversations') }}
    where _reasons is null and contact_id is not null
),

of_messages as (
    select
        source_system,
        sender_id as contact_id,
        sender_name as name,
        sender_phone as phone,
        3 as precedence,
        _batch,
        _file,
        _line
    from {{ ref('base_chatwoot__messages') }}
    where sender_type = 'contact' and sender_id is not null
),

named as (
    select * from listed
    union all
    select * from of_conversations
    union all
    select * from of_messages
),

ranked as (
    select
        *,
        max(_batch) over (partition by source_system, contact_id) as last_seen,
        row_number() over (
            partition by source_system, contact_id
            order by
                case when precedence = 3 then 1 else 0 end asc,
                _batch desc,
                precedence asc,
                _file desc,
                _line desc
        ) as version_rank
    from named
),

labels as (
    {{ ranked_versions(source('chatwoot', 'labels'), 'contact_id') }}
),

complete_readings as (
    {{ complete_readings('chatwoot') }}
),

{# Whoever has a conversation that is there is there, also when its messages could not be read. #}
in_conversations as (
    select distinct source_system, contact_id
    from {{ ref('base_chatwoot__conversations') }}
    where not is_gone and contact_id is not null
)

select
    ranked.source_system,
    ranked.contact_id,
    ranked.name as contact_name,
    ranked.phone as contact_phone,
    {{ list_or_empty('labels.labels') }} as delivered_tags,

    -- versions
    in_conversations.contact_id is null
    and coalesce(ranked.last_seen < complete_readings.complete_batch, false) as is_deleted,
    cast(null as timestamp) as updated_at,
    ranked._batch,
    ranked._file,
    ranked._line
from ranked
left join labels
    on
        ranked.source_system = labels.source_system
        and ranked.contact_id = labels.contact_id
        and labels.version_rank = 1
left join complete_readings on ranked.source_system = complete_readings.source_system
left join in_conversations
    on ranked.source_system = in_conversations.source_system and ranked.contact_id = in_conversations.contact_id
where ranked.version_rank = 1

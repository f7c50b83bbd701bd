{{ config(materialized='table') }}
{% set by_conversation -%}
partition by sightings.source_system, sightings.conversation_id order by sightings._batch
{%- endset %}
{# What snapshots changed in a conversation, and how the latest shows it. Most rows of a snapshot repeat those of the
   one before: so the few columns that show changes are looked through first, and the others fetched for the rows that
   are left. What a snapshot quarantines is as if it had not changed. #}
with snapshots as (
    select
        source_system,
        batch,
        {{ utc('extracted_at') }} as snapshot_at,
        row_number() over (partition by source_system order by batch) as snapshot_no
    from {{ source('settings', 'batches') }}
),

complete_readings as (
    {{ complete_readings('activecampaign') }}
),

sent as (
    select
        source_system,
        first_message_id,
        first_message_provider_id,
        row_number() over (
            partition by source_system, first_message_id order by _batch desc, _file desc, _line desc
        ) as version_rank
    from {{ source('activecampaign', 'conversations') }}
    where _reasons is null and first_message_id is not null and first_message_provider_id is not null
),

records as (
    select
        delivered.source_system,
        delivered.conversation_id,
        coalesce({{ word('delivered.status') }} in ('closed', 'resolved'), false) as is_closed,
        coalesce(delivered.agent_id, '') as assignee,
        coalesce(
            sent.first_message_provider_id, delivered.first_message_provider_id, delivered.first_message_id
        ) as first_message_id,
        delivered.first_message_at,
        {{ list_or_empty('delivered.tags') }} as delivered_tags,
        case when delivered._reasons is null then 0 else 1 end as badness,
        delivered._batch,
        delivered._file,
        delivered._line
    from {{ source('activecampaign', 'conversations') }} as delivered
    left join sent
        on
            delivered.source_system = sent.source_system
            and delivered.first_message_id = sent.first_message_id
            and sent.version_rank = 1
),

sightings as (
    select
        *,
        -- of one that is shown by its id alone nothing is known
        case when first_message_at is not null then coalesce(first_message_id, '') else '' end as first_message,
        max(_batch) over (partition by source_system, conversation_id) as last_seen,
        -- the list may move while it is read, so that a row comes twice
        row_number() over (
            partition by source_system, conversation_id, _batch order by badness asc, _file desc, _line desc
        ) as sighting_rank
    from records
),

compared as (
    select
        sightings.*,
        snapshots.snapshot_at,
        snapshots.snapshot_no,
        lag(sightings._batch) over ({{ by_conversation }}) as batch_before,
        coalesce(lag(sightings.is_closed) over ({{ by_conversation }}), false) as was_closed,
        lag(sightings.assignee) over ({{ by_conversation }}) as assignee_before,
        lag(sightings.delivered_tags) over ({{ by_conversation }}) as tags_before,
        lead(sightings._batch) over ({{ by_conversation }}) as batch_after,
        lead(sightings.first_message) over ({{ by_conversation }}) as first_message_after
    from sightings
    inner join snapshots
        on sightings.source_system = snapshots.source_system and sightings._batch = snapshots.batch
    where sightings.sighting_rank = 1 and sightings.badness = 0
),

changes as (
    select
        *,
        is_closed and not was_closed as is_closing,
        not is_closed and was_closed as is_reopening,
        batch_before is not null and assignee <> assignee_before as is_assignment,
        case
            when delivered_tags <> tags_before
                then {{ tag_list('delivered_tags') }} <> {{ tag_list('tags_before') }}
            else false
        end as is_tagging,
        -- another message takes the place of the first one, which stays a message
        batch_after is not null and first_message <> first_message_after as is_last_of_message,
        batch_after is null as is_latest
    from compared
)

select
    changes.source_system,
    changes.conversation_id,
    records.contact_id,
    records.agent_id,
    records.channel,
    records.team,
    records.source as source_raw,
    {{ word('records.status') }} as status_word,
    {{ tag_list('changes.delivered_tags') }} as tag_names,
    {{ utc('records.created_on') }} as started_at,
    changes.is_closed,
    coalesce(changes.last_seen < complete_readings.complete_batch, false) as is_gone,
    changes.snapshot_at,
    changes.snapshot_no,

    -- what changed since the snapshot that showed it before
    changes.is_closing,
    changes.is_reopening,
    changes.is_assignment,
    changes.is_tagging,
    changes.is_latest,

    -- the first message
    changes.first_message_id,
    {{ word('records.first_message_direction') }} as first_message_direction,
    {{ utc('records.first_message_at') }} as first_message_at,
    {{ word('records.first_message_status') }} as first_message_status,
    records.first_message_sender_id,
    {{ word('records.first_message_type') }} as first_message_type,
    {{ word('records.first_message_source') }} as first_message_source,

    -- versions
    changes._batch,
    changes._file,
    changes._line
from changes
inner join {{ source('activecampaign', 'conversations') }} as records
    on
        changes.source_system = records.source_system
        and changes.conversation_id = records.conversation_id
        and changes._batch = records._batch
        and changes._file = records._file
        and changes._line = records._line
left join complete_readings on changes.source_system = complete_readings.source_system
where
    changes.is_closing
    or changes.is_reopening
    or changes.is_assignment
    or changes.is_tagging
    or changes.is_last_of_message
    or changes.is_latest

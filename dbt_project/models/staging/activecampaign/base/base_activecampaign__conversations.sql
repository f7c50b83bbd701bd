{{ config(materialized='table') }}
{% set by_conversation = 'partition by source_system, conversation_id order by _batch' %}
{# One row a conversation and snapshot that shows it. What a snapshot quarantines is as if it had not changed. #}
with snapshots as (
    select
        source_system,
        batch,
        {{ utc('extracted_at') }} as snapshot_at,
        row_number() over (partition by source_system order by batch) as snapshot_no
    from {{ source('settings', 'batches') }}
),

sightings as (
    select
        *,
        max(_batch) over (partition by source_system, conversation_id) as last_seen,
        -- the list may move while it is read, so that a row comes twice
        row_number() over (
            partition by source_system, conversation_id, _batch
            order by case when _reasons is null then 0 else 1 end asc, _file desc, _line desc
        ) as sighting_rank
    from {{ source('activecampaign', 'conversations') }}
),

complete_readings as (
    {{ complete_readings('activecampaign') }}
),

shown as (
    select
        sightings.*,
        snapshots.snapshot_at,
        snapshots.snapshot_no,
        {{ word('sightings.status') }} as status_word,
        {{ tag_list(list_or_empty('sightings.tags')) }} as tag_names,
        coalesce({{ word('sightings.status') }} in ('closed', 'resolved'), false) as is_closed,
        coalesce(sightings.last_seen < complete_readings.complete_batch, false) as is_gone
    from sightings
    inner join snapshots
        on sightings.source_system = snapshots.source_system and sightings._batch = snapshots.batch
    left join complete_readings on sightings.source_system = complete_readings.source_system
    where sightings.sighting_rank = 1 and sightings._reasons is null
),

compared as (
    select
        *,
        lag(snapshot_no) over ({{ by_conversation }}) as snapshot_no_before,
        coalesce(lag(is_closed) over ({{ by_conversation }}), false) as was_closed,
        lag(agent_id) over ({{ by_conversation }}) as agent_id_before,
        lag(tag_names) over ({{ by_conversation }}) as tag_names_before,
        row_number() over (partition by source_system, conversation_id order by _batch desc) as latest_rank
    from shown
)

select
    source_system,
    conversation_id,
    contact_id,
    agent_id,
    channel,
    team,
    source as source_raw,
    status_word,
    tag_names,
    {{ utc('created_on') }} as started_at,
    is_closed,
    is_gone,
    snapshot_at,
    snapshot_no,

    -- what changed since the snapshot that showed it before
    is_closed and not was_closed as is_closing,
    not is_closed and was_closed as is_reopening,
    snapshot_no_before is not null and coalesce(agent_id, '') <> coalesce(agent_id_before, '') as is_assignment,
    snapshot_no_before is not null and tag_names <> tag_names_before as is_tagging,
    latest_rank = 1 as is_latest,

    -- the first message
    first_message_id,
    {{ word('first_message_direction') }} as first_message_direction,
    {{ utc('first_message_at') }} as first_message_at,
    {{ word('first_message_status') }} as first_message_status,
    first_message_sender_id,
    {{ word('first_message_type') }} as first_message_type,
    {{ word('first_message_source') }} as first_message_source,

    -- versions
    _batch,
    _file,
    _line
from compared

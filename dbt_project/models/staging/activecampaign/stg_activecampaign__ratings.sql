{{ config(materialized='table') }}
{# A run of a flow that asks for a rating is a survey sent, in the contact's conversation of that instant. Conversations
   and runs of a contact stand in one row of time: how many conversations there are up to a run says which is its. #}
with versions as (
    {{ ranked_versions(source('activecampaign', 'executions'), 'execution_id') }}
),

surveys as (
    select
        versions.source_system,
        versions.execution_id,
        versions.contact_id,
        {{ utc('versions.created_on') }} as asked_at,
        versions._batch,
        versions._file,
        versions._line
    from versions
    where
        versions.version_rank = 1
        and not coalesce(versions.is_test, false)
        and (
            coalesce({{ word('versions.trigger_type') }}, '') like '%csat%'
            or exists (
                select 1
                from {{ source('settings', 'csat_flows') }} as flows
                where
                    flows.source_system = versions.source_system
                    and flows.flow in (versions.flow_id, versions.flow_name, versions.execution_flow_name)
            )
        )
),

conversations as (
    select
        source_system,
        contact_id,
        conversation_id,
        started_at,
        row_number() over (
            partition by source_system, contact_id order by started_at, conversation_id
        ) as conversation_rank
    from {{ ref('base_activecampaign__conversations') }}
    where is_latest and contact_id is not null
),

in_time as (
    select source_system, contact_id, started_at as instant, 0 as precedence, cast(null as string) as execution_id
    from conversations
    union all
    select source_system, contact_id, asked_at as instant, 1 as precedence, execution_id
    from surveys
),

counted as (
    select
        source_system,
        execution_id,
        sum(case when execution_id is null then 1 else 0 end) over (
            partition by source_system, contact_id
            order by instant, precedence
            rows between unbounded preceding and current row
        ) as conversation_rank
    from in_time
)

select
    surveys.source_system,
    surveys.execution_id as rating_id,
    -- without a conversation it is an orphan
    coalesce(conversations.conversation_id, surveys.contact_id) as conversation_id,
    cast(null as integer) as rating,
    cast(null as string) as rating_comment,
    cast(null as timestamp) as answered_at,

    -- versions
    cast(null as timestamp) as updated_at,
    surveys._batch,
    surveys._file,
    surveys._line
from surveys
inner join counted
    on surveys.source_system = counted.source_system and surveys.execution_id = counted.execution_id
left join conversations
    on
        surveys.source_system = conversations.source_system
        and surveys.contact_id = conversations.contact_id
        and counted.conversation_rank = conversations.conversation_rank

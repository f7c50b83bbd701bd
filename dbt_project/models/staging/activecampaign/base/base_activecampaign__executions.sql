{{ config(materialized='table') }}
{# Each run of a flow in its latest version, in the contact's conversation of that instant. Conversations and runs of a
   contact stand in one row of time: how many conversations there are up to a run says which is its. #}
with versions as (
    {{ ranked_versions(source('activecampaign', 'executions'), 'execution_id') }}
),

executions as (
    select
        source_system,
        execution_id,
        contact_id,
        flow_id,
        flow_name,
        execution_flow_name,
        {{ word('trigger_type') }} as trigger_word,
        {{ word('status') }} as status_word,
        {{ utc('created_on') }} as started_at,
        coalesce(is_test, false) as is_test,
        _batch,
        _file,
        _line
    from versions
    where version_rank = 1
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
    select source_system, contact_id, started_at as instant, 1 as precedence, execution_id
    from executions
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
    executions.*,
    conversations.conversation_id
from executions
inner join counted
    on executions.source_system = counted.source_system and executions.execution_id = counted.execution_id
left join conversations
    on
        executions.source_system = conversations.source_system
        and executions.contact_id = conversations.contact_id
        and counted.conversation_rank = conversations.conversation_rank

{# In an update: to whom the affected conversations were and are credited, by period; everybody in the periods that are
   complete now. A period that began or is gone has nobody else: it stands once more, for its row of the overview. Reads
   the overview as the release before left it. #}
-- depends_on: {{ ref('int_conversation_facts') }}, {{ ref('int_message_hours') }}, {{ ref('int_credits_before') }}
-- depends_on: {{ ref('int_calendar') }}, {{ ref('int_affected_conversations') }}, {{ ref('int_tag_sets') }}
-- depends_on: {{ ref('int_agent_numbers') }}, {{ ref('int_agents') }}, {{ source('settings', 'sources') }}
{% set dates = {'day': 'local_date', 'week': 'week_start', 'month': 'month_start'} %}
{% if is_update() -%}
with {{ affected_credits(ref('int_conversation_facts'), ref('int_message_hours'), ref('int_calendar')) }},

agents as (
    {{ numbered_agents() | indent(4) }}
),

credits_of_dates as (
    select * from credits
    union
    select * from {{ ref('int_credits_before') }}
),

changed_periods as (
    select
        coalesce(periods.account_id, overview.account_id) as account_id,
        coalesce(periods.grain, overview.grain) as grain,
        coalesce(periods.period_start, overview.period_start) as period_start,
        periods.account_id is not null and overview.account_id is not null as was_and_is
    from {{ ref('int_periods') }} as periods
    full outer join {{ before_update('overview') }} as overview
        on
            periods.account_id = overview.account_id
            and periods.grain = overview.grain
            and periods.period_start = overview.period_start
    where periods.is_complete is distinct from overview.is_complete
),

credits_of_periods as (
    {% for grain, date in dates.items() -%}
    select account_id, '{{ grain }}' as grain, {{ date }} as period_start, agent_no, tag_set_no from credits_of_dates
    union
    {% endfor -%}
    select periods.account_id, periods.grain, periods.period_start, agents.agent_no, null as tag_set_no
    from changed_periods as periods
    inner join agents on periods.account_id = agents.account_id
    where periods.was_and_is
    union
    select periods.account_id, periods.grain, periods.period_start, null as agent_no, tag_sets.tag_set_no
    from changed_periods as periods
    cross join {{ ref('int_tag_sets') }} as tag_sets
    where periods.was_and_is
    union
    select account_id, grain, period_start, null as agent_no, null as tag_set_no
    from changed_periods
    where not was_and_is
)

select
    credits.account_id,
    credits.grain,
    credits.period_start,
    credits.agent_no,
    agents.source_system,
    agents.agent_id,
    credits.tag_set_no
from credits_of_periods as credits
left join agents on credits.agent_no = agents.agent_no
{%- else -%}
select
    account_id,
    grain,
    period_start,
    cast(null as bigint) as agent_no,
    cast(null as varchar) as source_system,
    cast(null as varchar) as agent_id,
    cast(null as bigint) as tag_set_no
from {{ ref('int_periods') }}
where false
{%- endif %}

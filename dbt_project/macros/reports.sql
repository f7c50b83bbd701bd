{# What the reports for any filter are put together from. They are table macros of the published file, so their queries
   name its tables without a database; a name without a relation before it may be a parameter.

   Filters choose conversations: by account and assignee, tags of the contact, tags of the conversation, each by number,
   and by working hours. All that is counted carries these of its conversation, so nothing is joined to find them. #}

{% macro report_filters() -%}
{{ return(['agents := null', 'contact_tags := null', 'conversation_tags := null', 'working_hours := null']) }}
{%- endmacro %}

{# A table of the published file: all of it, also where dbt makes the models `--empty`. #}
{% macro published(model_name) -%}
{{ return(ref(model_name).include(database=false).render()) }}
{%- endmacro %}

{# Whether one of a list of values is in a parameter: anything without it, nothing when that is empty. #}
{% macro matches_any(parameter, values) -%}
({{ parameter }} is null or list_has_any({{ values }}, cast({{ parameter }} as varchar[])))
{%- endmacro %}

{% macro matches_agents(agent_id, agent_email) -%}
{{ matches_any('agents', '[' ~ agent_id ~ ', ' ~ agent_email ~ ']') }}
{%- endmacro %}

{% macro matches_working_hours(started_in_working_hours) -%}
(working_hours is null or {{ started_in_working_hours }} = cast(working_hours as boolean))
{%- endmacro %}

{# The parameters themselves, where the linter would take them for columns. #}
{% macro is_of_account(account_id) -%} {{ account_id }} = account {%- endmacro %}

{# The numbers that the filters match, as three named queries. #}
{% macro chosen_numbers() -%}
chosen_agents as (
    select agent_no
    from {{ published('reporting_agents') }}
    where {{ is_of_account('account_id') }} and {{ matches_agents('agent_id', 'agent_email') }}
),

chosen_contact_tag_sets as (
    select tag_set_no
    from {{ published('reporting_tag_sets') }}
    where {{ matches_any('contact_tags', 'tags') }}
),

chosen_tag_sets as (
    select tag_set_no
    from {{ published('reporting_tag_sets') }}
    where {{ matches_any('conversation_tags', 'tags') }}
)
{%- endmacro %}

{# Of what is counted, only the rows of chosen conversations: those with the numbers that the filters match, where
   `is_chosen` holds too. Numbers are there once, so a join adds no row; `in` would have DuckDB look the large table up in
   the small one. #}
{% macro join_chosen(counted) -%}
inner join chosen_agents on {{ counted }}.agent_no = chosen_agents.agent_no
    inner join chosen_contact_tag_sets on {{ counted }}.contact_tag_set_no = chosen_contact_tag_sets.tag_set_no
    inner join chosen_tag_sets on {{ counted }}.tag_set_no = chosen_tag_sets.tag_set_no
{%- endmacro %}

{# The filters that ask a column of what is counted itself. #}
{% macro is_chosen(counted) -%}
{{ matches_working_hours(counted ~ '.started_in_working_hours') }}
{%- endmacro %}

{# A date that was asked for. #}
{% macro asked(parameter) -%} cast({{ parameter }} as date) {%- endmacro %}

{# The dates of the range that lie within the active dates of the account, each with its period, cut at the range: two
   named queries. The periods themselves, of which a range has one even when it has no such date, are a third. #}
{% macro asked_periods() -%}
asked_dates as (
    select
        {{ day_series(
            'greatest(first_date, ' ~ asked('first_day') ~ ')', 'least(last_date, ' ~ asked('last_day') ~ ')'
        ) }} as local_date,
        week_starts_on
    from {{ published('reporting_accounts') }}
    where
        {{ is_of_account('account_id') }}
        and first_date is not null
        and {{ asked('first_day') }} <= {{ asked('last_day') }}
),

periods_of_dates as (
    select
        local_date,
        case grain
            when 'day' then local_date
            when 'week' then greatest({{ week_start('local_date', 'week_starts_on') }}, {{ asked('first_day') }})
            when 'month' then greatest({{ month_start('local_date') }}, {{ asked('first_day') }})
            when 'period' then {{ asked('first_day') }}
            else error('grain must be day, week, month or period, not ' || coalesce(cast(grain as varchar), 'NULL'))
        end as period_start,
        least(
            case grain
                when 'day' then {{ plus_days('local_date', 1) }}
                when 'week' then {{ plus_days(week_start('local_date', 'week_starts_on'), 7) }}
                when 'month' then {{ next_month('local_date') }}
            end,
            {{ plus_days(asked('last_day'), 1) }}
        ) as period_end
    from asked_dates
),

asked_periods as (
    select distinct
        cast(grain as varchar) as grain,
        period_start,
        period_end
    from periods_of_dates
    union
    select
        cast(grain as varchar) as grain,
        {{ asked('first_day') }} as period_start,
        {{ plus_days(asked('last_day'), 1) }} as period_end
    where grain = 'period' and {{ asked('first_day') }} <= {{ asked('last_day') }}
)
{%- endmacro %}

{# What is counted of the chosen conversations and of their messages by the key of the
   period, as two named queries. #}
{% macro figures_of_periods(key='period_start') -%}
conversations as (
    select
        periods_of_dates.{{ key }},
        {{ conversation_aggregates() }},
        {{ first_response_aggregates() }},
        cast(sum(facts.replies) as bigint) as replies,
        cast(sum(facts.reply_seconds_sum) as bigint) as reply_seconds_sum
    from {{ published('reporting_conversations') }} as facts
    inner join periods_of_dates on facts.started_date = periods_of_dates.local_date
    {{ join_chosen('facts') }}
    where {{ is_chosen('facts') }}
    group by periods_of_dates.{{ key }}
),

messages as (
    select periods_of_dates.{{ key }}, {{ message_aggregates() }}
    from {{ published('reporting_messages') }} as hours
    inner join periods_of_dates on hours.sent_date = periods_of_dates.local_date
    {{ join_chosen('hours') }}
    where {{ is_chosen('hours') }}
    group by periods_of_dates.{{ key }}
)
{%- endmacro %}

{# What the reports for any filter are put together from. They are table macros of the published file, so their queries
   name its tables without a database; a name without a relation before it may be a parameter.

   Filters choose conversations. All that is counted carries numbers of its conversation (of its assignee, its two lists
   of tags, and its traits, which its account is one of), so nothing large is joined to find it. #}

{# A table of the published file: all of it, also where dbt makes the models `--empty`. #}
{% macro published(model_name) -%}
{{ return(ref(model_name).include(database=false).render()) }}
{%- endmacro %}

{# A date that was asked for. #}
{% macro asked_date(parameter) -%} cast({{ parameter }} as date) {%- endmacro %}

{# Of values that there are, in an aggregate: all where they are few, else those most like what was asked for. #}
{% macro some_of(value, asked) -%}
case
            when count({{ value }}) = 0 then 'it has none'
            when count({{ value }}) <= 8 then 'it has ' || string_agg({{ value }}, ', ' order by {{ value }})
            else
                'the nearest of its ' || count({{ value }}) || ' are ' || array_to_string(
                    list(
                        {{ value }}
                        order by jaro_winkler_similarity(lower({{ value }}), lower({{ asked }})) desc, {{ value }}
                    )[1:5],
                    ', '
                )
        end
{%- endmacro %}

{# What may be asked for: the accounts, and what the filters of the asked ones may name. It is no named query: one that is
   used twice is materialized, and then `report_details` reads columns that nobody asked for. #}
{% macro known_values() -%}
(
        select distinct parameter, value
        from {{ published('reporting_filter_values') }}
        where {{ is_of_account('account_id') }}
        union all
        select 'account' as parameter, account_id as value
        from {{ published('reporting_accounts') }}
    )
{%- endmacro %}

{# What was asked, checked: named queries, the last of which are `asked`, one row or an error that says why the question
   cannot be answered, and `asked_accounts`, each with the range.

   Nothing may keep the error from being raised. Compared with a parameter, a table may be known to have no such row, and
   then DuckDB runs nothing that is joined with it; so all else compares with what it cannot know before it has run this:
   with `asked`, or by `is_of_account`. The error is raised within an aggregate: it is computed whatever it is joined with. #}
{% macro asked_accounts(has_grain=true, of_hours=false) -%}
{%- set grains = ['day', 'hour'] if of_hours else ['day', 'week', 'month', 'quarter', 'period'] -%}
named_values as (
    select parameter, what, unnest(named) as value
    from (
        values
        {% for parameter, filter in filters().items() if filter.what -%}
        ('{{ parameter }}', '{{ filter.what }}', {{ as_list(parameter) }}),
        {% endfor -%}
        ('account', 'account', {{ as_list('account') }})
    ) as lists (parameter, what, named)
),

unknown_values as (
    select named_values.parameter, named_values.what, named_values.value
    from named_values
    left join {{ known_values() }} as known_values
        on named_values.parameter = known_values.parameter and named_values.value = known_values.value
    where known_values.value is null and named_values.value is not null
),

nearest_values as (
    select
        unknown_values.parameter,
        unknown_values.what,
        unknown_values.value,
        {{ some_of('known_values.value', 'unknown_values.value') }} as there
    from unknown_values
    left join {{ known_values() }} as known_values
        on unknown_values.parameter = known_values.parameter
    group by unknown_values.parameter, unknown_values.what, unknown_values.value
),

faults as (
    select
        parameter <> 'account' as place,
        'no ' || what || ' ''' || value || ''' in '
        || case
            when account is null or parameter = 'account' then 'this release'
            else 'account ' || array_to_string({{ as_list('account') }}, ', ')
        end
        || '; ' || there as fault
    from nearest_values
    union all
    select
        true as place,
        case
            when first_day is null or last_day is null
                then 'first_day and last_day are dates, such as ''2026-01-31'', and not NULL'
            when {{ asked_date('last_day') }} < {{ asked_date('first_day') }}
                then
                    'the last day, ' || {{ asked_date('last_day') }} || ', lies before the first, '
                    || {{ asked_date('first_day') }}
            {% if has_grain -%}
            when coalesce(grain, '') not in ('{{ grains | join("', '") }}')
                then
                    'grain must be {{ grains[:-1] | join(', ') }} or {{ grains[-1] }}, not '
                    || coalesce('''' || grain || '''', 'NULL')
            {% endif -%}
            {% for parameter, filter in filters().items() if not filter.what -%}
            when {{ parameter }} is not null and try_cast({{ parameter }} as boolean) is null
                then '{{ parameter }} must be true, false or NULL, not ''' || cast({{ parameter }} as varchar) || ''''
            {% endfor -%}
        end as fault
),

checked as (
    select count(error(fault)) as faults
    from (select fault from faults where fault is not null order by place, fault limit 1) as first_fault
),

asked as (
    select
        case when faults = 0 then {{ asked_date('first_day') }} end as range_start,
        case when faults = 0 then {{ asked_date('last_day') }} end as range_last
    from checked
    where faults = 0
),

asked_accounts as (
    select
        accounts.account_no,
        accounts.account_id,
        accounts.week_starts_on,
        accounts.rating_worst,
        accounts.rating_best,
        accounts.first_date,
        accounts.last_date,
        accounts.first_known_date,
        accounts.last_known_date,
        accounts.data_through,
        asked.range_start,
        asked.range_last
    from {{ published('reporting_accounts') }} as accounts
    cross join asked
    where {{ is_of_account('accounts.account_id') }}
)
{%- endmacro %}

{# The dates of the range on which an account is active, or those between other dates of it: two named queries. They tell
   nothing of accounts, so that what is counted is joined with them by the date alone. #}
{% macro asked_dates(first_date='first_date', last_date='last_date') -%}
active_range as (
    select
        range_start,
        greatest(min({{ first_date }}), range_start) as first_date,
        least(max({{ last_date }}), range_last) as last_date
    from asked_accounts
    where {{ first_date }} is not null
    group by range_start, range_last
),

asked_dates as (
    select range_start, {{ day_series('first_date', 'last_date') }} as local_date
    from active_range
)
{%- endmacro %}

{# These dates, each with the start of its period, cut at the range, where that is the same for all accounts; and the
   periods of each account, of which a range has one even when it has no such date. #}
{% macro asked_periods(first_date='first_date', last_date='last_date') -%}
{{ asked_dates(first_date, last_date) }},

periods_of_dates as (
    select
        local_date,
        range_start,
        case grain
            when 'day' then local_date
            when 'month' then greatest({{ month_start('local_date') }}, range_start)
            when 'quarter' then greatest({{ quarter_start('local_date') }}, range_start)
            when 'period' then range_start
        end as period_start
    from asked_dates
),

asked_periods as (
    select distinct
        accounts.account_no,
        {{ period_start('accounts') }} as period_start
    from asked_accounts as accounts
    inner join periods_of_dates
        on periods_of_dates.local_date between accounts.{{ first_date }} and accounts.{{ last_date }}
    union
    select account_no, range_start as period_start
    from asked_accounts
    where grain = 'period'
)
{%- endmacro %}

{# The start of the period of a date, in the weeks of an account. #}
{% macro period_start(accounts) -%}
case
            when grain = 'week'
                then
                    greatest(
                        {{ week_start('periods_of_dates.local_date', accounts ~ '.week_starts_on') }},
                        periods_of_dates.range_start
                    )
            else periods_of_dates.period_start
        end
{%- endmacro %}

{# The end of a period, cut at the range. #}
{% macro period_end(period_start, accounts) -%}
least(
        case grain
            when 'day' then {{ plus_days(period_start, 1) }}
            when 'week' then {{ plus_days(week_start(period_start, accounts ~ '.week_starts_on'), 7) }}
            when 'month' then {{ next_month(period_start) }}
            when 'quarter' then {{ next_quarter(period_start) }}
        end,
        {{ plus_days(accounts ~ '.range_last', 1) }}
    )
{%- endmacro %}

{# The numbers that the filters match, as four named queries. #}
{% macro chosen_numbers() -%}
chosen_traits as (
    select traits.traits_no, traits.account_no, accounts.week_starts_on
    from {{ published('reporting_traits') }} as traits
    inner join asked_accounts as accounts on traits.account_no = accounts.account_no
    where {{ matches_traits('traits') }}
),

chosen_agents as (
    select agent_no
    from {{ published('reporting_agents') }}
    where {{ matches_agents('agent_id', 'agent_email') }}
),

chosen_contact_tag_sets as (
    select tag_set_no
    from {{ published('reporting_tag_sets') }}
    where {{ matches_any('contact_tags', 'tags') }}
),

chosen_tag_sets as (
    select tag_set_no
    from {{ published('reporting_tag_sets') }}
    where {{ matches_conversation_tags('tags') }}
)
{%- endmacro %}

{# Of what is counted, only the rows of chosen conversations: a join, and the rest of a `where`. Where a filter is not
   given DuckDB knows its condition to be true, and looks up nothing. #}
{% macro join_traits(counted) -%}
inner join chosen_traits on {{ counted }}.traits_no = chosen_traits.traits_no
{%- endmacro %}

{% macro is_chosen(counted) -%}
(agents is null or {{ counted }}.agent_no in (select agent_no from chosen_agents))
        and (
            contact_tags is null
            or {{ counted }}.contact_tag_set_no in (select tag_set_no from chosen_contact_tag_sets)
        )
        and (conversation_tags is null or {{ counted }}.tag_set_no in (select tag_set_no from chosen_tag_sets))
{%- endmacro %}

{# The same in the asked dates. #}
{% macro join_chosen(counted, date) -%}
{{ join_traits(counted) }}
    inner join periods_of_dates on {{ counted }}.{{ date }} = periods_of_dates.local_date
    where
        {{ is_chosen(counted) }}
{%- endmacro %}

{# What is counted of the chosen conversations and of their messages by account and the key of the period, as two named
   queries. #}
{% macro figures_of_periods(key, value) -%}
conversations as (
    select
        chosen_traits.account_no,
        {{ value }} as {{ key }},
        {{ conversation_aggregates() }},
        {{ first_response_aggregates() }},
        {{ reply_aggregates() }}
    from {{ published('reporting_conversations') }} as facts
    {{ join_chosen('facts', 'started_date') }}
    group by all
),

messages as (
    select chosen_traits.account_no, {{ value }} as {{ key }}, {{ message_aggregates() }}
    from {{ published('reporting_messages') }} as hours
    {{ join_chosen('hours', 'sent_date') }}
    group by all
)
{%- endmacro %}

{# What a report shows of a period. #}
{% macro period_columns() -%}
    cast(grain as varchar) as grain,
    periods.period_start,
    {{ period_end('periods.period_start', 'accounts') }} as period_end,
    {{ is_complete(period_end('periods.period_start', 'accounts'), 'accounts.data_through') }} as is_complete
{%- endmacro %}

{# The first date of the week of a date, in weeks that start on an ISO weekday (1 Monday to 7 Sunday). #}
{% macro week_start(local_date, week_starts_on) -%}
{{ plus_days(local_date, '-mod(' ~ iso_weekday(local_date) ~ ' - ' ~ week_starts_on ~ ' + 7, 7)') }}
{%- endmacro %}

{# The first date of the month of a date. #}
{% macro month_start(local_date) -%}
cast(date_trunc('month', {{ local_date }}) as date)
{%- endmacro %}

{# Whether the data of an account reaches to the end of a period: to local midnight, false where that is not known. #}
{% macro is_complete(period_end, data_through) -%}
coalesce(cast({{ period_end }} as timestamp) <= {{ data_through }}, false)
{%- endmacro %}

{# Join the numbers of the periods that a local date belongs to, as `periods_of_date`: its day, week and month; in an
   update the affected ones only. Of what is credited to somebody by number (`credited_no`), those that are affected for
   them: the named queries of `affected_dates` tell. #}
{% macro join_periods(account, local_date, credited_no=none) -%}
{%- set of_somebody = credited_no is not none and is_update() -%}
inner join {{ 'affected_dates' if of_somebody else ref('int_affected_calendar') }} as periods_of_date
    on {{ account }} = periods_of_date.account_id and {{ local_date }} = periods_of_date.local_date
    {%- if of_somebody %} and {{ credited_no }} = periods_of_date.credited_no {%- endif %}
{%- endmacro %}

{# A condition on local dates: in an update, those of an affected period, likewise. To ask it before rows are joined and
   counted spares most of them; `join_periods` alone would only come after. #}
{% macro is_of_affected_period(local_date, credited_no=none) -%}
{%- if not is_update() -%}
true
{%- elif credited_no is not none -%}
({{ local_date }}, {{ credited_no }}) in (select affected.local_date, affected.credited_no from affected_dates as affected)
{%- else -%}
{{ local_date }} in (select affected.local_date from {{ ref('int_affected_calendar') }} as affected)
{%- endif -%}
{%- endmacro %}

{# In an update: whose figures of which periods are made anew, and which dates these periods have, as named queries
   (`affected_pairs`, `affected_dates`). `credits` has periods and a number of who is credited. #}
{% macro affected_dates(credits, credited_no) -%}
affected_pairs as (
    select distinct credits.{{ credited_no }} as credited_no, periods.period_no
    from {{ credits }} as credits
    inner join {{ ref('int_periods') }} as periods
        on
            credits.account_id = periods.account_id
            and credits.grain = periods.grain
            and credits.period_start = periods.period_start
    where credits.{{ credited_no }} is not null
),

affected_dates as (
    select affected_pairs.credited_no, calendar.account_id, calendar.local_date, calendar.period_no
    from affected_pairs
    inner join {{ ref('int_affected_calendar') }} as calendar on affected_pairs.period_no = calendar.period_no
)
{%- endmacro %}

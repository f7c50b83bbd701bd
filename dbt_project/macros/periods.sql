{# The first date of the week of a date, in weeks that start on an ISO weekday (1 Monday to 7 Sunday). #}
{% macro week_start(local_date, week_starts_on) -%}
{{ plus_days(local_date, '-mod(' ~ iso_weekday(local_date) ~ ' - ' ~ week_starts_on ~ ' + 7, 7)') }}
{%- endmacro %}

{# The first date of the month of a date. #}
{% macro month_start(local_date) -%}
cast(date_trunc('month', {{ local_date }}) as date)
{%- endmacro %}

{# The first date of the calendar quarter of a date. #}
{% macro quarter_start(local_date) -%}
cast(date_trunc('quarter', {{ local_date }}) as date)
{%- endmacro %}

{# Whether the data of an account reaches to the end of a period: to local midnight, false where that is not known. #}
{% macro is_complete(period_end, data_through) -%}
coalesce(cast({{ period_end }} as timestamp) <= {{ data_through }}, false)
{%- endmacro %}

{# Join the keys of the periods that a local date belongs to, as `periods_of_date`: one of each grain. #}
{% macro join_periods(account, local_date) -%}
inner join {{ ref('int_period_dates') }} as periods_of_date
    on {{ account }} = periods_of_date.account_id and {{ local_date }} = periods_of_date.local_date
{%- endmacro %}

{# Working hours by a cumulative calendar: `int_working_time` gives the open time before each instant, so that the
   business seconds of [a, b) are the difference of two look-ups. #}

{# Join the step of the calendar in which an instant lies, as `step`. #}
{% macro join_working_time(step, account, instant) -%}
left join {{ ref('int_working_time') }} as {{ step }}
    on
        {{ account }} = {{ step }}.account_id
        and cast({{ instant }} as date) = {{ step }}.utc_date
        and {{ instant }} >= {{ step }}.from_at
        and {{ instant }} < {{ step }}.to_at
{%- endmacro %}

{# Microseconds from the beginning of the calendar to an instant that were open (or without a schedule). #}
{% macro elapsed_in(step, instant, kind) -%}
{%- set inside = step ~ '.is_open' if kind == 'open' else 'not ' ~ step ~ '.is_scheduled' -%}
({{ step }}.{{ kind }}_microseconds_before
    + case when {{ inside }} then {{ microseconds_between(step ~ '.from_at', instant) }} else 0 end)
{%- endmacro %}

{# Elapsed seconds of [start, finish) in working hours. NULL without a schedule, for what touches a day without one,
   and for a negative interval. #}
{% macro business_seconds(start_step, start, finish_step, finish) -%}
case
    when
        {{ finish }} >= {{ start }}
        and {{ start_step }}.is_scheduled
        and {{ elapsed_in(finish_step, finish, 'unscheduled') }} = {{ elapsed_in(start_step, start, 'unscheduled') }}
        then {{ whole_seconds(elapsed_in(finish_step, finish, 'open') ~ ' - ' ~ elapsed_in(start_step, start, 'open')) }}
end
{%- endmacro %}

{# Join the stretch of the account's clock in which an instant lies, as `clock`: the offset in force at that instant. #}
{% macro join_clock(clock, account, instant) -%}
left join {{ ref('int_account_clock') }} as {{ clock }}
    on
        {{ account }} = {{ clock }}.account_id
        and cast({{ instant }} as date) = {{ clock }}.utc_date
        and {{ instant }} >= {{ clock }}.from_at
        and {{ instant }} < {{ clock }}.to_at
{%- endmacro %}

{# What the wall clock shows at an instant, by the clock's offset: a timestamp without a zone. #}
{% macro local_time(clock, instant) -%}
{{ plus_seconds(instant, clock ~ '.utc_offset_seconds') }}
{%- endmacro %}

{# The local date of an instant, by the clock's offset. #}
{% macro local_date(clock, instant) -%}
cast({{ local_time(clock, instant) }} as date)
{%- endmacro %}

{# The hour on the wall clock at an instant, 0 to 23, by the clock's offset. #}
{% macro local_hour(clock, instant) -%}
cast(extract(hour from {{ local_time(clock, instant) }}) as tinyint)
{%- endmacro %}

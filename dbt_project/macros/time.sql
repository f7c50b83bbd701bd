{# Instants inside the models are naive timestamps in UTC: no figure can then depend on a session's time zone. #}

{% macro utc(instant) -%} {{ adapter.dispatch('utc')(instant) }} {%- endmacro %}
{% macro duckdb__utc(instant) -%} make_timestamp(epoch_us({{ instant }})) {%- endmacro %}

{% macro zoned(utc_timestamp) -%} {{ adapter.dispatch('zoned')(utc_timestamp) }} {%- endmacro %}
{% macro duckdb__zoned(utc_timestamp) -%} make_timestamptz(epoch_us({{ utc_timestamp }})) {%- endmacro %}

{% macro microseconds_between(start, finish) -%} {{ adapter.dispatch('microseconds_between')(start, finish) }} {%- endmacro %}
{% macro duckdb__microseconds_between(start, finish) -%} (epoch_us({{ finish }}) - epoch_us({{ start }})) {%- endmacro %}

{% macro plus_seconds(timestamp, seconds) -%} {{ adapter.dispatch('plus_seconds')(timestamp, seconds) }} {%- endmacro %}
{% macro duckdb__plus_seconds(timestamp, seconds) -%}
make_timestamp(epoch_us({{ timestamp }}) + cast({{ seconds }} as bigint) * 1000000)
{%- endmacro %}

{% macro plus_days(day, days) -%} {{ adapter.dispatch('plus_days')(day, days) }} {%- endmacro %}
{% macro duckdb__plus_days(day, days) -%} ({{ day }} + cast({{ days }} as integer)) {%- endmacro %}

{% macro next_month(day) -%} {{ adapter.dispatch('next_month')(day) }} {%- endmacro %}
{% macro duckdb__next_month(day) -%} cast(date_trunc('month', {{ day }}) + interval 1 month as date) {%- endmacro %}

{% macro next_quarter(day) -%} {{ adapter.dispatch('next_quarter')(day) }} {%- endmacro %}
{% macro duckdb__next_quarter(day) -%} cast(date_trunc('quarter', {{ day }}) + interval 3 month as date) {%- endmacro %}

{# The same date a year before; 28 February where there is no 29th. #}
{% macro year_before(day) -%} {{ adapter.dispatch('year_before')(day) }} {%- endmacro %}
{% macro duckdb__year_before(day) -%} cast({{ day }} - interval 1 year as date) {%- endmacro %}

{% macro iso_weekday(day) -%} {{ adapter.dispatch('iso_weekday')(day) }} {%- endmacro %}
{% macro duckdb__iso_weekday(day) -%} isodow({{ day }}) {%- endmacro %}

{# Whole seconds of a number of microseconds, the fraction dropped. #}
{% macro whole_seconds(microseconds) -%} {{ adapter.dispatch('whole_seconds')(microseconds) }} {%- endmacro %}
{% macro duckdb__whole_seconds(microseconds) -%} cast(({{ microseconds }}) // 1000000 as bigint) {%- endmacro %}

{# Elapsed whole seconds; NULL for a negative interval. #}
{% macro elapsed_seconds(start, finish) -%}
case when {{ finish }} >= {{ start }} then {{ whole_seconds(microseconds_between(start, finish)) }} end
{%- endmacro %}

{# One row a day from first to last, both inclusive, in a select list. #}
{% macro day_series(first_day, last_day) -%} {{ adapter.dispatch('day_series')(first_day, last_day) }} {%- endmacro %}
{% macro duckdb__day_series(first_day, last_day) -%}
cast(unnest(generate_series({{ first_day }}, {{ last_day }}, interval 1 day)) as date)
{%- endmacro %}

{# The numbers 0 to count - 1, one a row, in a select list. #}
{% macro number_series(count) -%} {{ adapter.dispatch('number_series')(count) }} {%- endmacro %}
{% macro duckdb__number_series(count) -%} unnest(range({{ count }})) {%- endmacro %}

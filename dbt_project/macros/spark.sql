{# Apache Spark: its variant of each macro that engines differ in (`engine.sql`, `time.sql`, `tags.sql` say what each is),
   and of the materializations. The session has the time zone UTC, and `timestamp` means one without a zone. #}

{% macro spark__trimmed(text) -%}
regexp_replace({{ text }}, r'^[\s\v\x1c-\x1f\x{85}\p{Z}]+|[\s\v\x1c-\x1f\x{85}\p{Z}]+$', '')
{%- endmacro %}

{% macro spark__tag_list(tags) -%}
array_sort(array_distinct(filter(transform({{ tags }}, tag -> {{ trimmed('tag') }}), tag -> tag <> '')))
{%- endmacro %}

{% macro spark__list_or_empty(list) -%} coalesce({{ list }}, cast(array() as array<string>)) {%- endmacro %}

{% macro spark__each_of(list) -%} explode({{ list }}) {%- endmacro %}

{% macro spark__tags_or_untagged(tags) -%}
case when size({{ tags }}) > 0 then {{ tags }} else array('(untagged)') end
{%- endmacro %}

{% macro spark__percentiles(column) -%} percentile({{ column }}, array(0.5, 0.9)) {%- endmacro %}

{% macro spark__percentile_of(percentiles, position) -%} round({{ percentiles }}[{{ position - 1 }}], 1) {%- endmacro %}

{% macro spark__digits_of(text) -%} regexp_replace({{ text }}, '[^0-9]', '') {%- endmacro %}

{% macro spark__has_letters(text) -%} regexp_like({{ text }}, r'[^-+0-9().\/\s]') {%- endmacro %}

{# `xxhash64` passes over NULL, so that of what is hashed something must tell where it stood. #}
{% macro spark__surrogate_key(columns) -%}
xxhash64(to_json(named_struct(
    {%- for column in columns -%} '{{ loop.index }}', {{ column }}{% if not loop.last %}, {% endif %} {%- endfor -%}
)))
{%- endmacro %}

{% macro spark__whole_number(text) -%} try_cast({{ text }} as bigint) {%- endmacro %}

{% macro spark__is_like(text, pattern) -%} {{ text }} like {{ pattern }} {%- endmacro %}

{% macro spark__utc(instant) -%} cast({{ instant }} as timestamp_ntz) {%- endmacro %}

{% macro spark__zoned(utc_timestamp) -%} cast({{ utc_timestamp }} as timestamp_ltz) {%- endmacro %}

{% macro microseconds_of(timestamp) -%} unix_micros(cast({{ timestamp }} as timestamp_ltz)) {%- endmacro %}

{% macro spark__microseconds_between(start, finish) -%}
({{ microseconds_of(finish) }} - {{ microseconds_of(start) }})
{%- endmacro %}

{% macro spark__plus_seconds(timestamp, seconds) -%}
cast(timestamp_micros({{ microseconds_of(timestamp) }} + cast({{ seconds }} as bigint) * 1000000) as timestamp_ntz)
{%- endmacro %}

{% macro spark__plus_days(day, days) -%} date_add({{ day }}, cast({{ days }} as integer)) {%- endmacro %}

{% macro spark__next_month(day) -%} add_months(trunc({{ day }}, 'month'), 1) {%- endmacro %}

{% macro spark__year_before(day) -%} add_months({{ day }}, -12) {%- endmacro %}

{% macro spark__iso_weekday(day) -%} (weekday({{ day }}) + 1) {%- endmacro %}

{% macro spark__whole_seconds(microseconds) -%} cast(({{ microseconds }}) div 1000000 as bigint) {%- endmacro %}

{% macro spark__day_series(first_day, last_day) -%}
explode(sequence({{ first_day }}, {{ last_day }}, interval 1 day))
{%- endmacro %}

{% macro spark__number_series(count) -%} explode(sequence(0, {{ count }} - 1)) {%- endmacro %}

{# A build on Spark is always full: what is incremental elsewhere is a table. #}
{% materialization incremental, adapter='spark' -%}
{{ return(materialization_table_spark()) }}
{%- endmaterialization %}

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

{# Spark's `percentile` keeps each value of a group in one object of one task, and a month of an account may have
   millions. So values are counted first, by all tasks; where a percentile lies follows from the cumulative counts. #}
{% macro spark__percentiles(column) -%} {%- endmacro %}

{% macro spark__percentile_of(percentiles, position) -%} {{ percentiles }}[{{ position - 1 }}] {%- endmacro %}

{% macro spark__figures_by(name, keys, relation, durations, aggregates) -%}
{%- set by = keys | join(', ') -%}
{{ name }}_aggregated as (
    select
        {{ by }},
        {{ aggregates | map('trim') | join(',\n    ') | indent }}
    from {{ relation }}
    group by {{ by }}
),

{{ name }}_values as (
    select {{ by }}, duration, seconds, count(*) as times
    from (
        select
            {{ by }},
            stack(
                {{ durations | length }}
                {%- for duration in durations %}, '{{ duration }}', {{ duration }}_seconds{% endfor %}
            ) as (duration, seconds)
        from {{ relation }}
    )
    where seconds is not null
    group by {{ by }}, duration, seconds
),

{{ name }}_counted as (
    select
        {{ by }},
        duration,
        seconds,
        sum(times) over (partition by {{ by }}, duration order by seconds) as up_to,
        sum(times) over (partition by {{ by }}, duration) - 1 as steps
    from {{ name }}_values
),

{{ name }}_percentiles as (
    select
        {{ by }}
        {%- for duration in durations %},
        array(
            {{ percentile_by_counts(duration, 5) }},
            {{ percentile_by_counts(duration, 9) }}
        ) as {{ duration }}_percentiles
        {%- endfor %}
    from {{ name }}_counted
    group by {{ by }}
),

{{ name }} as (
    select *
    from {{ name }}_aggregated
    left join {{ name }}_percentiles using ({{ by }})
)
{%- endmacro %}

{# So many tenths of the way from the first to the last of the values, interpolated linearly: a whole number of tenths. #}
{% macro percentile_by_counts(duration, tenths) -%}
{%- set of_duration, position = "duration = '" ~ duration ~ "'", 'steps * ' ~ tenths -%}
{%- set above = 'max(case when ' ~ of_duration ~ ' then ' ~ position ~ ' % 10 end)' -%}
cast(
                min(case when {{ of_duration }} and up_to > {{ position }} div 10 then seconds end) * (10 - {{ above }})
                + min(case when {{ of_duration }} and up_to > ({{ position }} + 9) div 10 then seconds end) * {{ above }}
                as double
            ) / 10
{%- endmacro %}

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

{# Spark's own encodes for forms. #}
{% macro spark__url_encoded(text) -%}
replace(replace(replace(url_encode({{ text }}), '+', '%20'), '*', '%2A'), '%7E', '~')
{%- endmacro %}

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

{% macro spark__next_quarter(day) -%} add_months(trunc({{ day }}, 'quarter'), 3) {%- endmacro %}

{% macro spark__year_before(day) -%} add_months({{ day }}, -12) {%- endmacro %}

{% macro spark__iso_weekday(day) -%} (weekday({{ day }}) + 1) {%- endmacro %}

{% macro spark__whole_seconds(microseconds) -%} cast(({{ microseconds }}) div 1000000 as bigint) {%- endmacro %}

{% macro spark__day_series(first_day, last_day) -%}
explode(sequence({{ first_day }}, {{ last_day }}, interval 1 day))
{%- endmacro %}

{% macro spark__number_series(count) -%} explode(sequence(0, {{ count }} - 1)) {%- endmacro %}

{# Spark has no `union` in a recursive query, which would end where nothing new is reached: so a way does not come back to
   where it was. A query of too many steps or rows fails. #}
{% macro spark__reached_by(links) -%}
reached as (
    select account_id, known_as, leads_to, since_at, array(known_as, leads_to) as way
    from {{ links }}
    union all
    select
        reached.account_id,
        reached.known_as,
        links.leads_to,
        greatest(reached.since_at, links.since_at) as since_at,
        array_append(reached.way, links.leads_to) as way
    from reached
    inner join {{ links }} as links on reached.account_id = links.account_id and reached.leads_to = links.known_as
    where not array_contains(reached.way, links.leads_to)
)
{%- endmacro %}

{# A build on Spark is always full: what is incremental elsewhere is a table. #}
{% materialization incremental, adapter='spark' -%}
{{ return(materialization_table_spark()) }}
{%- endmaterialization %}

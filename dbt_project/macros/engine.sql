{# Where engines differ, beside time. #}

{# Text without the white space around it (all that Unicode calls so). #}
{% macro trimmed(text) -%} {{ adapter.dispatch('trimmed')(text) }} {%- endmacro %}
{% macro duckdb__trimmed(text) -%}
regexp_replace({{ text }}, '^[\s\v\x1c-\x1f\x{85}\pZ]+|[\s\v\x1c-\x1f\x{85}\pZ]+$', '', 'g')
{%- endmacro %}

{# An enumerated word: compared trimmed and without regard to case; empty is missing. Engines that read Parquet's
   dictionaries do this once a word, not once a row: a look first whether there is anything to do would cost more. #}
{% macro word(text) -%}
nullif(lower({{ trimmed(text) }}), '')
{%- endmacro %}

{# The tags of a list, trimmed, empty ones dropped, each once, sorted. #}
{% macro tag_list(tags) -%} {{ adapter.dispatch('tag_list')(tags) }} {%- endmacro %}
{% macro duckdb__tag_list(tags) -%}
list_sort(list_distinct(list_filter(
    list_transform({{ tags }}, lambda tag: {{ trimmed('tag') }}), lambda tag: tag <> ''
)))
{%- endmacro %}

{# A list, empty for none. #}
{% macro list_or_empty(list) -%} {{ adapter.dispatch('list_or_empty')(list) }} {%- endmacro %}
{% macro duckdb__list_or_empty(list) -%} coalesce({{ list }}, []) {%- endmacro %}

{# An aggregate: the texts that are not NULL as a sorted list; NULL or an empty list for none. #}
{% macro sorted_list(text) -%}
array_sort(array_agg({{ text }}) filter (where {{ text }} is not null))
{%- endmacro %}

{# A list of tags; `(untagged)` in place of one that is empty or missing. #}
{% macro tags_or_untagged(tags) -%} {{ adapter.dispatch('tags_or_untagged')(tags) }} {%- endmacro %}
{% macro duckdb__tags_or_untagged(tags) -%} case when len({{ tags }}) > 0 then {{ tags }} else ['(untagged)'] end {%- endmacro %}

{# One row for each element of a list, in a select list. #}
{% macro each_of(list) -%} {{ adapter.dispatch('each_of')(list) }} {%- endmacro %}
{% macro duckdb__each_of(list) -%} unnest({{ list }}) {%- endmacro %}

{# The median and the 90th percentile of whole numbers, interpolated linearly, as one value to be taken apart by
   `percentile_of`. They lie tenths apart, so rounding takes away what only an engine's arithmetic adds. #}
{% macro percentiles(column) -%} {{ adapter.dispatch('percentiles')(column) }} {%- endmacro %}
{% macro duckdb__percentiles(column) -%} quantile_cont({{ column }}, [0.5, 0.9]) {%- endmacro %}

{% macro percentile_of(percentiles, position) -%} {{ adapter.dispatch('percentile_of')(percentiles, position) }} {%- endmacro %}
{% macro duckdb__percentile_of(percentiles, position) -%} round({{ percentiles }}[{{ position }}], 1) {%- endmacro %}

{% macro digits_of(text) -%} {{ adapter.dispatch('digits_of')(text) }} {%- endmacro %}
{% macro duckdb__digits_of(text) -%} regexp_replace({{ text }}, '[^0-9]', '', 'g') {%- endmacro %}

{# Whether there is anything in a text that no phone number has. #}
{% macro has_letters(text) -%} {{ adapter.dispatch('has_letters')(text) }} {%- endmacro %}
{% macro duckdb__has_letters(text) -%} regexp_matches({{ text }}, '[^-+0-9().\/\s]') {%- endmacro %}

{# The surrogate key of a natural one: a number, the same in every build, that stands for one or several values, NULL
   among them. Two keys of a million share one with a probability of 1 in 18 million; `assert_keys_are_unique` refuses
   a build in which they do. #}
{% macro surrogate_key(columns) -%} {{ adapter.dispatch('surrogate_key')(columns) }} {%- endmacro %}
{% macro duckdb__surrogate_key(columns) -%} cast(hash({{ columns | join(', ') }}) >> 1 as bigint) {%- endmacro %}

{# Text as a whole number; NULL for any other text. #}
{% macro whole_number(text) -%} {{ adapter.dispatch('whole_number')(text) }} {%- endmacro %}
{% macro duckdb__whole_number(text) -%} try_cast({{ text }} as bigint) {%- endmacro %}

{# Whether a text is like a pattern in which a backslash takes the meaning from what follows it. #}
{% macro is_like(text, pattern) -%} {{ adapter.dispatch('is_like')(text, pattern) }} {%- endmacro %}
{% macro duckdb__is_like(text, pattern) -%} {{ text }} like {{ pattern }} escape '\' {%- endmacro %}

{# Text as a part of an address: every character but letters, digits and `-._~` as `%` and two digits a byte. #}
{% macro url_encoded(text) -%} {{ adapter.dispatch('url_encoded')(text) }} {%- endmacro %}
{% macro duckdb__url_encoded(text) -%} url_encode({{ text }}) {%- endmacro %}

{# First and last name joined by a blank and trimmed; NULL when nothing is left. #}
{% macro full_name(first_name, last_name) -%}
nullif({{ trimmed("coalesce(" ~ first_name ~ ", '') || ' ' || coalesce(" ~ last_name ~ ", '')") }}, '')
{%- endmacro %}

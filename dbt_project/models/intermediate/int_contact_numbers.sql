{{ config(materialized='incremental', incremental_strategy='append') }}
{# Distinct contacts are counted in every period: numbers are counted faster than texts. #}
with named as (
    select distinct source_system, contact_id
    from {{ ref('int_delivered_conversations') }}
    where contact_id is not null
)

select
    named.source_system,
    named.contact_id,
    {% if is_update() -%}
    (select coalesce(max(contact_no), 0) from {{ this }}) +
    {%- endif %} {{ row_numbers() }} as contact_no
from named
{% if is_update() -%}
left join {{ this }} as numbered
    on named.source_system = numbered.source_system and named.contact_id = numbered.contact_id
where numbered.contact_id is null
{%- endif %}

{# The batch of each source's last complete reading: what was last seen before it is no longer there. #}
{% macro complete_readings(kind, condition='is_complete') -%}
select source_system, max(_batch) as complete_batch
from {{ source(kind, 'pulls') }}
where _reasons is null and {{ condition }}
group by source_system
{%- endmacro %}

{# The good versions of each record by rank, the latest first, with the batch that saw the record last, good or not. #}
{% macro ranked_versions(relation, key, updated_at='cast(null as timestamp)') -%}
select *
from (
    select
        *,
        max(_batch) over (partition by source_system, {{ key }}) as last_seen,
        row_number() over (
            partition by source_system, {{ key }}
            order by
                case when _reasons is null then 0 else 1 end asc,
                {{ updated_at }} desc nulls last,
                _batch desc,
                _file desc,
                _line desc
        ) as version_rank
    from {{ relation }}
) as ranked
where _reasons is null
{%- endmacro %}

{# How far a status of WhatsApp's is: what was read was delivered, and a failure is the last word. #}
{% macro status_rank(status_word) -%}
case {{ status_word }} when 'failed' then 4 when 'read' then 3 when 'delivered' then 2 when 'sent' then 1 else 0 end
{%- endmacro %}

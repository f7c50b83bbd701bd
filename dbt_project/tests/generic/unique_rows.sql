{# Each combination of the columns stands once; NULL is a value like any other.
   A returned row is a combination that stands more than once. Of rows that are the same the hash is, too, and numbers
   are grouped in less time than texts: what is looked at closely is what shares one. #}
{% test unique_rows(model, columns) %}
with repeated_hashes as (
    select {{ surrogate_key(columns) }} as row_hash
    from {{ model }}
    group by {{ surrogate_key(columns) }}
    having count(*) > 1
)

select {{ columns | join(', ') }}, count(*) as times
from {{ model }}
where {{ surrogate_key(columns) }} in (select row_hash from repeated_hashes)
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}

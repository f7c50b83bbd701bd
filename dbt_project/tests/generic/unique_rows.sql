{# Each combination of the columns stands once; NULL is a value like any other.
   A returned row is a combination that stands more than once. #}
{% test unique_rows(model, columns) %}
select {{ columns | join(', ') }}, count(*) as times
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}

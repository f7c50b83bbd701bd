{# Every date of an affected period: what is computed of them alone is whole in those periods, and in no others. #}
{% set dates = {'day': 'local_date', 'week': 'week_start', 'month': 'month_start'} %}
{% for grain, date in dates.items() -%}
select calendar.account_id, calendar.local_date, calendar.week_start, calendar.month_start
from {{ ref('int_calendar') }} as calendar
inner join {{ ref('int_affected_periods') }} as affected
    on
        calendar.account_id = affected.account_id
        and calendar.{{ date }} = affected.period_start
        and affected.grain = '{{ grain }}'
{% if not loop.last %}union{% endif %}
{% endfor %}

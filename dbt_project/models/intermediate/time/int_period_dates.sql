{% set dates = {'day': 'local_date', 'week': 'week_start', 'month': 'month_start', 'quarter': 'quarter_start'} %}
{% for grain, date in dates.items() -%}
select calendar.account_id, calendar.local_date, periods.period_key
from {{ ref('int_calendar') }} as calendar
inner join {{ ref('int_periods') }} as periods
    on
        calendar.account_id = periods.account_id
        and calendar.{{ date }} = periods.period_start
        and periods.grain = '{{ grain }}'
{% if not loop.last %}union all{% endif %}
{% endfor %}

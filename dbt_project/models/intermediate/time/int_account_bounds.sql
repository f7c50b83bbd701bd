{% set instants = {
    'conversations': ['started_at', 'closed_at'],
    'messages': ['sent_at'],
    'events': ['occurred_at'],
    'flow_runs': ['started_at'],
} %}
with delivered as (
    {% for entity, columns in instants.items() -%}
    {% for column in columns -%}
    select
        source_system,
        cast(min({{ column }}) as date) as first_date,
        cast(max({{ column }}) as date) as last_date
    from {{ ref('int_' ~ entity ~ '__unioned') }}
    group by source_system
    {% if not loop.last %}union all{% endif %}
    {% endfor -%}
    union all
    {% endfor %}
    -- what is open is measured up to now
    select
        source_system,
        cast({{ utc('max(extracted_at)') }} as date) as first_date,
        cast({{ utc('max(extracted_at)') }} as date) as last_date
    from {{ ref('stg_settings__batches') }}
    group by source_system
),

dates as (
    select
        sources.account_id,
        {{ plus_days('delivered.first_date', -2) }} as first_utc_date,
        {{ plus_days('delivered.last_date', 2) }} as last_utc_date
    from delivered
    inner join {{ ref('stg_settings__sources') }} as sources on delivered.source_system = sources.source_system
    where delivered.first_date is not null
)

select
    accounts.account_id,
    accounts.timezone,
    min(dates.first_utc_date) as first_utc_date,
    max(dates.last_utc_date) as last_utc_date
from dates
inner join {{ ref('stg_settings__accounts') }} as accounts on dates.account_id = accounts.account_id
group by accounts.account_id, accounts.timezone

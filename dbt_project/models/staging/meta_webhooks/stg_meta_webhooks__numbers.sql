{{ config(materialized='table') }}
{# By which numbers else a user can be known. Links are followed as far as they lead: from a user's id to the numbers it
   came with and to the ids it had before, from a number to those that it was changed to or from. From a number no link
   leads to an id: a number that somebody else has now would make one of two. #}
{% set always = "cast('0001-01-01 00:00:00' as timestamp)" %}
with recursive links as (
    select
        sources.account_id,
        'user ' || users.user_id as known_as,
        {{ number_key(number_of('users.number')) }} as leads_to,
        {{ always }} as since_at
    from {{ source('meta_webhooks', 'users') }} as users
    inner join {{ source('settings', 'sources') }} as sources on users.source_system = sources.source_system
    where users._reasons is null and {{ number_of('users.number') }} is not null
    {% for one, other in [('user_id', 'previous_user_id'), ('previous_user_id', 'user_id')] -%}
    union
    select
        sources.account_id,
        'user ' || users.{{ one }} as known_as,
        'user ' || users.{{ other }} as leads_to,
        {{ always }} as since_at
    from {{ source('meta_webhooks', 'users') }} as users
    inner join {{ source('settings', 'sources') }} as sources on users.source_system = sources.source_system
    where users._reasons is null and users.previous_user_id is not null
    {% endfor -%}
    {% for one, other in [('old_number', 'new_number'), ('new_number', 'old_number')] -%}
    union
    select
        sources.account_id,
        {{ number_key(number_of('numbers.' ~ one)) }} as known_as,
        {{ number_key(number_of('numbers.' ~ other)) }} as leads_to,
        {{ utc('numbers.changed_at') }} as since_at
    from {{ source('meta_webhooks', 'numbers') }} as numbers
    inner join {{ source('settings', 'sources') }} as sources on numbers.source_system = sources.source_system
    where
        numbers._reasons is null
        and {{ number_of('numbers.old_number') }} is not null
        and {{ number_of('numbers.new_number') }} is not null
    {% endfor %}
),

{{ reached_by('links') }}

select account_id, known_as, leads_to as number_key, min(since_at) as since_at
from reached
where leads_to not like 'user %' and leads_to <> known_as
group by account_id, known_as, leads_to

{# There are far fewer combinations of team, channel and tags than conversations. #}
with combinations as (
    select distinct account_id, team_channel_key, tag_set_key
    from {{ ref('int_conversation_facts') }}
    where account_id in (select targets.account_id from {{ ref('int_targets') }} as targets)
),

teams_and_channels as (
    select team_channel_key, 'team' as trait, team as value from {{ ref('int_team_channels') }}
    union all
    select team_channel_key, 'channel' as trait, channel as value from {{ ref('int_team_channels') }}
),

matched_names as (
    select asked.target_no, names.team_channel_key, count(distinct asked.trait) as traits
    from teams_and_channels as names
    inner join {{ ref('stg_settings__target_scopes') }} as asked
        on names.trait = asked.trait and names.value = asked.value
    group by asked.target_no, names.team_channel_key
),

matched_tags as (
    select asked.target_no, tags.tag_set_key, count(distinct asked.trait) as traits
    from {{ ref('int_tags') }} as tags
    inner join {{ ref('stg_settings__target_scopes') }} as asked
        on asked.trait = 'tag' and tags.tag = asked.value
    group by asked.target_no, tags.tag_set_key
),

targets_of_combinations as (
    select combinations.*, targets.target_no, targets.valid_from, targets.valid_until
    from combinations
    inner join {{ ref('int_targets') }} as targets on combinations.account_id = targets.account_id
    left join matched_names as names
        on
            targets.target_no = names.target_no
            and combinations.team_channel_key = names.team_channel_key
    left join matched_tags as tags
        on
            targets.target_no = tags.target_no
            and combinations.tag_set_key = tags.tag_set_key
    where coalesce(names.traits, 0) + coalesce(tags.traits, 0) = targets.asked_traits
)

select facts.conversation_key, targets.target_no
from {{ ref('int_conversation_facts') }} as facts
inner join targets_of_combinations as targets
    on
        facts.account_id = targets.account_id
        and facts.team_channel_key = targets.team_channel_key
        and facts.tag_set_key = targets.tag_set_key
        and facts.started_date >= targets.valid_from
        and facts.started_date < coalesce(targets.valid_until, date '9999-12-31')

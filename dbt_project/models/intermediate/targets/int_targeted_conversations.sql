{# There are far fewer combinations of team, channel and tags than conversations. #}
with combinations as (
    select distinct account_id, team_channel_key, tag_set_key
    from {{ ref('int_conversation_facts') }}
    where account_id in (select targets.account_id from {{ ref('int_targets') }} as targets)
),

values_of_traits as (
    select team_channel_key, cast(null as bigint) as tag_set_key, 'team' as trait, team as value
    from {{ ref('int_team_channels') }}
    union all
    select team_channel_key, cast(null as bigint) as tag_set_key, 'channel' as trait, channel as value
    from {{ ref('int_team_channels') }}
    union all
    select cast(null as bigint) as team_channel_key, tag_set_key, 'tag' as trait, tag as value
    from {{ ref('int_tags') }}
),

matched as (
    select distinct
        asked.target_no,
        asked.trait,
        values_of_traits.team_channel_key,
        values_of_traits.tag_set_key
    from values_of_traits
    inner join {{ ref('stg_settings__target_scopes') }} as asked
        on values_of_traits.trait = asked.trait and values_of_traits.value = asked.value
),

targets_of_combinations as (
    select
        combinations.account_id,
        combinations.team_channel_key,
        combinations.tag_set_key,
        targets.target_no,
        targets.valid_from,
        targets.valid_until
    from combinations
    inner join {{ ref('int_targets') }} as targets on combinations.account_id = targets.account_id
    left join matched
        on
            targets.target_no = matched.target_no
            and (
                combinations.team_channel_key = matched.team_channel_key
                or combinations.tag_set_key = matched.tag_set_key
            )
    group by
        combinations.account_id,
        combinations.team_channel_key,
        combinations.tag_set_key,
        targets.target_no,
        targets.valid_from,
        targets.valid_until,
        targets.asked_traits
    having count(matched.trait) = targets.asked_traits
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

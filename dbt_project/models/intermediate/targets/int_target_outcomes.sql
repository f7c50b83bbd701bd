with targeted as (
    select
        targeted.conversation_key,
        targets.target_no,
        targets.account_id,
        targets.measure,
        targets.within_seconds,
        targets.in_working_hours
    from {{ ref('int_targeted_conversations') }} as targeted
    inner join {{ ref('int_targets') }} as targets on targeted.target_no = targets.target_no
),

units as (
    select
        targeted.conversation_key,
        targeted.target_no,
        targeted.within_seconds,
        case
            when targeted.measure = 'resolution' and targeted.in_working_hours then facts.duration_business_seconds
            when targeted.measure = 'resolution' then facts.duration_seconds
            when targeted.in_working_hours then facts.first_response_business_seconds
            else facts.first_response_seconds
        end as seconds,
        false as is_pending
    from targeted
    inner join {{ ref('int_conversation_facts') }} as facts on targeted.conversation_key = facts.conversation_key
    where targeted.measure <> 'reply'
    union all
    select
        targeted.conversation_key,
        targeted.target_no,
        targeted.within_seconds,
        replies.reply_seconds as seconds,
        false as is_pending
    from targeted
    inner join {{ ref('int_replies') }} as replies on targeted.conversation_key = replies.conversation_key
    where targeted.measure = 'reply' and not targeted.in_working_hours
    union all
    select
        targeted.conversation_key,
        targeted.target_no,
        targeted.within_seconds,
        {{ business_seconds('waiting_step', 'replies.waiting_since', 'reply_step', 'replies.replied_at') }} as seconds,
        false as is_pending
    from targeted
    inner join {{ ref('int_replies') }} as replies on targeted.conversation_key = replies.conversation_key
    {{ join_working_time('waiting_step', 'targeted.account_id', 'replies.waiting_since') }}
    {{ join_working_time('reply_step', 'targeted.account_id', 'replies.replied_at') }}
    where targeted.measure = 'reply' and targeted.in_working_hours
    union all
    select
        conversation_key,
        target_no,
        within_seconds,
        seconds_so_far as seconds,
        seconds_so_far <= within_seconds as is_pending
    from {{ ref('int_running_units') }}
    where seconds_so_far > within_seconds or not is_closed
)

select
    conversation_key,
    target_no,
    count(case when seconds <= within_seconds and not is_pending then 1 end) as met,
    count(case when seconds > within_seconds then 1 end) as missed,
    count(case when is_pending then 1 end) as pending
from units
where seconds is not null
group by conversation_key, target_no

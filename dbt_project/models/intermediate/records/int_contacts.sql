with {{ latest_versions('contacts') }}

select
    latest_versions.source_key,
    latest_versions.source_system,
    latest_versions.contact_id,
    latest_versions.contact_name,
    -- as the configuration lets readers see it
    case
        when accounts.contact_phone = 'plain' then latest_versions.contact_phone
        when length({{ digits_of('latest_versions.contact_phone') }}) > 4
            then '***' || right({{ digits_of('latest_versions.contact_phone') }}, 4)
        when latest_versions.contact_phone is not null then '***'
    end as contact_phone,
    {{ surrogate_key(['latest_versions.delivered_tags']) }} as tag_set_key,
    latest_versions.is_deleted,
    latest_versions.updated_at
from latest_versions
inner join {{ ref('stg_settings__accounts') }} as accounts on latest_versions.account_id = accounts.account_id

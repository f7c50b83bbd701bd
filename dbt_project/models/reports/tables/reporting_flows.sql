{{ config(alias='flows') }}
select
    flows.flow_no,
    accounts.account_no,
    flows.source_system,
    flows.flow_id,
    flows.flow_name
from {{ ref('int_flows') }} as flows
inner join {{ ref('reporting_accounts') }} as accounts on flows.account_id = accounts.account_id

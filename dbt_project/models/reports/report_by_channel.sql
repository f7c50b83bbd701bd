{{ config(parameters=['account', 'first_day', 'last_day', "grain := 'day'"] + report_filters()) }}
{{ report_by_group('channel', published('reporting_traits'), 'traits_no') }}

{{ config(parameters=['account', 'first_day', 'last_day', "grain := 'day'"] + report_filters()) }}
{% set tags = '(' ~ tags_of_sets(published('reporting_tag_sets'), 'tag_set_no') ~ ')' %}
{{ report_by_group('tag', tags, 'tag_set_no') }}

-- Detects averages and percents that are not their sum divided by their count, values without anything counted (or the
-- reverse), and a 90th percentile below the median. A returned row is a row of a mart with such a figure.
{{ config(meta={'dagster': {'ref': {'name': 'by_tag'}}}) }}
{% set averages = [
    ('avg_reply_seconds', 'reply_seconds_sum', 'replies', 1),
    ('avg_rating', 'rating_sum', 'ratings', 1),
    ('csat_percent', 'ratings_satisfied', 'ratings', 100),
    ('survey_response_percent', 'ratings', 'surveys', 100),
] %}
{% set measures = response_durations() + conversation_durations() %}
{% for measure in measures -%}
{% do averages.append(('avg_' ~ measure ~ '_seconds', measure ~ '_seconds_sum', measure ~ '_count', 1)) %}
{%- endfor -%}
{% for mart in marts_of_measures() -%}
select
    '{{ mart }}' as mart,
    account_id,
    grain,
    period_start
from {{ ref(mart) }}
where
    {% for average, sum, count, times in averages -%}
    ({{ average }} is null) <> ({{ count }} = 0)
    or abs({{ average }} * {{ count }} - {{ times }} * {{ sum }}) > 1e-9 * {{ times }} * {{ sum }}
    or {% endfor -%}
    {% for measure in measures -%}
    ({{ measure }}_seconds_sum is null) <> ({{ measure }}_count = 0)
    or (median_{{ measure }}_seconds is null) <> ({{ measure }}_count = 0)
    or (p90_{{ measure }}_seconds is null) <> ({{ measure }}_count = 0)
    or p90_{{ measure }}_seconds < median_{{ measure }}_seconds
    or {% endfor -%}
    (reply_seconds_sum is null) <> (replies = 0)
    or (rating_sum is null) <> (ratings = 0)
{% if not loop.last %}union all{% endif %}
{% endfor %}

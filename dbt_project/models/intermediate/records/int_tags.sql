{{ config(materialized='view') }}
{{ tags_of_sets(ref('int_tag_sets'), 'tag_set_key') }}

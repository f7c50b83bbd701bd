{{ mart_by_group('tag', ref('int_tags'), 'tag_set_key') }}

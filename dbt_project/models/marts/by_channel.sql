{{ mart_by_group('channel', ref('int_team_channels'), 'team_channel_key') }}

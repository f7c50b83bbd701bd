{{ mart_by_group('team', ref('int_team_channels'), 'team_channel_key') }}

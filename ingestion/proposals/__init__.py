"""What a mapping of a strange folder of files could be: reading it, guessing, and writing the guess as TOML."""

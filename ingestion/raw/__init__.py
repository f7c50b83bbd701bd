"""Raw: segments of typed Parquet, and their compaction."""

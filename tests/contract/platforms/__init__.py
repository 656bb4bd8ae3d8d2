"""One file per platform, each with its `BENCH`. A new file is found by itself."""

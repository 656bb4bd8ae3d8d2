"""Plain routers (two bearers up at once, nobody logs in): what the server prefers is its matter."""

"""What is HiLink's own, against its twin over real HTTP."""

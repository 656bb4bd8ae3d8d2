"""Subcommands of `rekamatan`, one file per group; each has `register(subparsers)`."""

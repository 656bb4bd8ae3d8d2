"""Twin of an OpenWrt router, and of Teltonika's RutOS, which is one underneath.

What it understands is a subset of a real router: the shell of `shell_syntax`, the programs of
`applets`, `uci_cli`, `netifd`, `mm_tools`, `qmi_tools` and `rutos_tools`. Everything else fails as
on the device: `ash: NAME: not found`, status 127.
"""

"""Twin of a Cisco router with a cellular modem: IOS-XE's modes, texts, rollback and EEM applets."""

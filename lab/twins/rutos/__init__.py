"""Twin of a Teltonika router with RutOS 7: OpenWrt underneath, another modem daemon on top."""

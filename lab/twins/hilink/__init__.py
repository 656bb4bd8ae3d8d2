"""Twin of a Huawei HiLink modem: its HTTP interface, its dial-up profiles, its data switch."""

"""The Linux gateway: the real NetworkManager and ModemManager, over a modem that only speaks AT."""

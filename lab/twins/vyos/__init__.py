"""Twin of a VyOS router with a wwan interface: commit, commit-confirm, save, and ModemManager."""

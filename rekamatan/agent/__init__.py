"""What runs at the site beside the switch: units, credentials, the ports of the real world.

What each unit needs (the unit files are in role `site_agent`):

| unit | credential | writes below /var/lib/rekamatan |
|---|---|---|
| `rekamatan-wan` | `modem-switch` | `wan`, `verify`, `evidence` |
| `rekamatan-recover` | `modem-switch` | `wan`, `verify`, `evidence` |
| `rekamatan-verify` | `modem-read` | `verify`, `evidence` |

All three need CAP_NET_RAW (ping), CAP_NET_ADMIN (wg) and CAP_DAC_READ_SEARCH (the TLS key and
the ledger belong to group `rekamatan`), read `/etc/rekamatan` and `/var/lib/rekamatan/records`,
and use the address families AF_INET, AF_INET6, AF_NETLINK and AF_UNIX.

`rekamatan-wan` and `rekamatan-recover` want `Restart=on-abnormal` and `RestartForceExitStatus=4`:
`wan run` and `wan recover` exit 0 when the link is settled, whatever the outcome, and 4 when the
modem does not answer yet; started again, they go on where they were and never begin a run twice.
`rekamatan-recover` is ordered after the LAN is up and before `rekamatan-wan`. None of the three
has a start timeout shorter than 30 minutes, nor a start limit (`StartLimitIntervalSec=0`).
"""

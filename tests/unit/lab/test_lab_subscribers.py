"""The packet gateway's own words about who is attached."""

from __future__ import annotations

from lab.subscribers import parse_contexts

# osmo-ggsn 1.9.0, `show pdp-context ggsn ggsn0`, two subscribers
TWO = """show pdp-context ggsn ggsn0
IMSI: 510010123456789, NSAPI: 0, MSISDN: (NONE)
 Version: 1, Primary, Num Secondaries: 0
 Control: 127.0.0.2:00000001 <-> 127.0.0.3:00000001
 Data: 127.0.0.2:00000001 <-> 127.0.0.3:00000001
 APN requested: internet
 APN in use: internet
 End-User Address (IPv4): 100.64.0.1
 Transmit GTP Sequence Number for G-PDU: Yes
IMSI: 51001012345678, NSAPI: 0, MSISDN: (NONE)
 Version: 1, Primary, Num Secondaries: 0
 Control: 127.0.0.2:00000002 <-> 127.0.0.4:00000001
 Data: 127.0.0.2:00000002 <-> 127.0.0.4:00000001
 APN requested: internet
 APN in use: internet
 End-User Address (IPv4): 100.64.0.7
 Transmit GTP Sequence Number for G-PDU: Yes
OsmoGGSN# """


def test_each_subscriber_by_its_own_address_and_not_by_the_tunnel_ends() -> None:
    text = TWO.replace("\n", "\r\n")
    assert parse_contexts(text) == {"100.64.0.1": "510010123456789", "100.64.0.7": "51001012345678"}


def test_nobody_attached() -> None:
    assert parse_contexts("show pdp-context ggsn ggsn0\r\nOsmoGGSN# ") == {}

"""The data centre's side of the ledger exchange, over the same port and certificates as uploads.

`GET /receipts?after=CURSOR` gives a site its receipts in the order they were entered, a page at a
time: `{"receipts": [...], "cursor": "..."}`, an empty page at the end, 409 when the ledger was set
back behind the cursor. `GET /digests` gives one digest per bucket, `GET /items?bucket=7f` one
bucket's records. A site learns about its own records only.

`PUT /account` with what `rekamatan records digests` prints is a site's account of its ledger; the
answer `{"buckets": [...]}` names the lists that are needed, each sent by `PUT /account?bucket=7f`.
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from rekamatan.records.accounts import AccountError, Accounts
from rekamatan.records.central_ledger import CentralLedger, CursorError
from rekamatan.records.digests import bucket_digests, bucket_of, is_bucket
from rekamatan.records.peers import certificate_name, site_identity
from rekamatan.records.tus_answers import refuse

if TYPE_CHECKING:
    from rekamatan.records.store import Store

PAGE = 200  # receipts in one answer: about 70 KB, five seconds at 128 kbit/s
_LONGEST_CURSOR = 100


@dataclass(frozen=True, slots=True)
class LedgerExchange:
    """Three questions a site may ask, and what it tells."""

    ledger: CentralLedger
    store: Store
    accounts: Accounts

    def add_routes(self, app: web.Application) -> None:
        """Beside the routes of tus."""
        app.router.add_get("/receipts", self._receipts)
        app.router.add_get("/digests", self._digests)
        app.router.add_get("/items", self._items)
        app.router.add_put("/account", self._account)

    async def _receipts(self, request: web.Request) -> web.Response:
        site, cursor = site_identity(certificate_name(request)), request.query.get("after", "")
        if len(cursor) > _LONGEST_CURSOR:
            refuse(400, "no such cursor")
        try:
            records, behind = await asyncio.to_thread(self.ledger.entered_after, site, cursor, PAGE)
        except CursorError as error:
            refuse(409, str(error))
        receipts = [self.store.receipt(record).members() for record in records]
        return web.json_response({"receipts": receipts, "cursor": behind})

    async def _digests(self, request: web.Request) -> web.Response:
        items = await asyncio.to_thread(self.ledger.items, site_identity(certificate_name(request)))
        return web.json_response(bucket_digests(items))

    async def _items(self, request: web.Request) -> web.Response:
        site, bucket = site_identity(certificate_name(request)), request.query.get("bucket", "")
        if not is_bucket(bucket):
            refuse(400, "bucket must be two hex digits")
        items = await asyncio.to_thread(self.ledger.items, site)
        found = [astuple(item) for item in items if bucket_of(item.record_id) == bucket]
        return web.json_response(found)

    async def _account(self, request: web.Request) -> web.Response:
        site, bucket = site_identity(certificate_name(request)), request.query.get("bucket", "")
        try:
            told = json.loads(await request.read())  # aiohttp refuses more than a megabyte
        except ValueError:
            refuse(400, "no JSON")
        if not isinstance(told, dict) or (bucket and not is_bucket(bucket)):
            refuse(400, "no account")
        try:
            if bucket:
                await asyncio.to_thread(self.accounts.take_bucket, site, bucket, told)
                return web.json_response({})
            buckets = await asyncio.to_thread(self.accounts.take, site, told)
        except AccountError as error:
            refuse(409, str(error))
        return web.json_response({"buckets": buckets})

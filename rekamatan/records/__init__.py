"""Records: resumable intake, spool, ledger, forwarder, receipts."""

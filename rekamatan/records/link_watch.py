"""Does the data centre answer? Asked all the time where the policy is `online_only`.

Over one connection that stays open: some 600 bytes a question, 0.3 kbit/s. The question is tus'
own OPTIONS, with the site's certificate: a port that is open but serves nobody is not online.
"""

from __future__ import annotations

import http.client
import logging
import threading
import time
from typing import TYPE_CHECKING

from rekamatan.errors import RekamatanError

if TYPE_CHECKING:
    from collections.abc import Callable

    from rekamatan.records.uplink import Uplink, UplinkConnection

_log = logging.getLogger(__name__)
ASK_EVERY_S = 15.0
_AGAIN_S = 5.0  # after a failure: an outage is soon known, and soon over
FAILURES = 2  # one lost answer is the weather, two are an outage
_NO_CONTENT = 204


class LinkWatch:
    """Asks in a thread of its own.

    Args:
        uplink: asked before each new connection, so that the stall timer follows the link.
        every_s: seconds between two questions.
    """

    def __init__(self, uplink: Callable[[], Uplink], every_s: float = ASK_EVERY_S) -> None:
        self._uplink = uplink
        self._every_s = every_s
        self._connection: UplinkConnection | None = None
        self._failures = 0
        self._online: bool | None = None
        self._thread = threading.Thread(target=self._run, name="link-watch", daemon=True)

    def start(self) -> None:
        """Begin to ask, for as long as the process lives."""
        self._thread.start()

    def online(self) -> bool | None:
        """True: it answered lately; False: twice it did not; None: not known yet."""
        return self._online

    def ask(self) -> None:
        """One question; a connection the far end closed meanwhile is opened again first."""
        had_connection = self._connection is not None
        answered = self._answered() or (had_connection and self._answered())
        before = self._online
        if answered:
            self._failures, self._online = 0, True
        else:
            self._failures += 1
            if self._failures >= FAILURES:
                self._online = False
        if self._online is not before:
            _log.warning("data centre: %s", "answers" if self._online else "does not answer")

    def _run(self) -> None:
        while True:
            self.ask()
            # Nobody waits for this thread, and it ends with its process: nothing could wake it.
            time.sleep(min(self._every_s, _AGAIN_S) if self._failures else self._every_s)

    def _answered(self) -> bool:
        try:
            if self._connection is None:
                self._connection = self._uplink().connect()
            self._connection.request("OPTIONS", "/files/")
            response = self._connection.getresponse()
            response.read()
        except (OSError, http.client.HTTPException, RekamatanError) as error:
            _log.debug("no answer: %s", error)
            self._close()
            return False
        return response.status == _NO_CONTENT

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

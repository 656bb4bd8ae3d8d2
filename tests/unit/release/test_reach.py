"""A site is reached over a session of its own, not over one that is stuck."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import connection_loader

from rekamatan.fleet.follow import REACH_TRIES, LinkLostError, reach
from rekamatan.fleet.session import command_channel
from tests.unit.release.site import TestClock


class KeptSession:
    """A session that an earlier run left open over a link that was down since."""

    def __init__(self, *, site_up: bool = True) -> None:
        self.stuck = True
        self.site_up = site_up
        self.tries = 0

    def ask(self) -> str:
        self.tries += 1
        if self.stuck or not self.site_up:
            raise LinkLostError("Timeout (32s) waiting for privilege escalation prompt")
        return "reached"

    def reset(self) -> None:
        self.stuck = False


def test_a_stuck_session_is_dropped_and_the_site_is_reached() -> None:
    session = KeptSession()
    assert reach(session.ask, session.reset, TestClock()) == "reached"
    assert session.tries == 2


def test_a_site_that_is_down_is_given_up_after_a_few_tries() -> None:
    session, clock = KeptSession(site_up=False), TestClock()
    began = clock.now
    with pytest.raises(LinkLostError, match="escalation"):
        reach(session.ask, session.reset, clock)
    assert session.tries == REACH_TRIES
    assert clock.now > began  # not all at once


@pytest.mark.parametrize(("transport", "retries"), [("ssh", 0), ("local", None)])
def test_ansible_does_not_try_again_over_the_same_session(
    transport: str, retries: int | None
) -> None:
    connection: Any = connection_loader.get(transport, PlayContext(), "/dev/null")
    connection.set_options(var_options={"ansible_ssh_retries": 3})
    command_channel("kubu", connection, lambda _command, _payload: {})
    if retries is None:
        assert not connection.has_option("reconnection_retries")
    else:
        assert connection.get_option("reconnection_retries") == retries

"""Ansible's connection to a site as a channel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ansible.errors import AnsibleConnectionFailure

from rekamatan.fleet.channel import CommandChannel

if TYPE_CHECKING:
    from collections.abc import Callable

_RETRIES = "reconnection_retries"


def command_channel(
    site: str,
    connection: Any,  # noqa: ANN401 - ansible ships no types
    execute: Callable[[str, bytes], dict[str, Any]],
) -> CommandChannel:
    """A channel over `connection`, one try a call.

    Ansible's own retries go over the same kept session (ControlPersist), also when that waits on a
    dead link; whoever uses the channel tries again after `CommandChannel.reset`.
    """
    if connection.has_option(_RETRIES):  # ssh has it; a container's connection has not
        connection.set_option(_RETRIES, 0)
    return CommandChannel(site, execute, connection.reset, AnsibleConnectionFailure)

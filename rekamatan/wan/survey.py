"""A survey: over to another carrier's SIM, listen, and back; the same transaction as a switch.

Nothing is confirmed: the way back is armed before the card is moved, and taken as soon as the
network was heard, or was not. After a power cut the journal and the modem's timer bring the office
back as from any other switch that was interrupted.
"""

from __future__ import annotations

import statistics
from dataclasses import fields
from dataclasses import replace as changed
from typing import TYPE_CHECKING

from rekamatan.errors import DeviceError
from rekamatan.models import Signal, SwitchState
from rekamatan.verify.gate import budget_s
from rekamatan.wan.attach import POLL_S
from rekamatan.wan.journal import JournalError
from rekamatan.wan.plan import Reason, arm_seconds, in_words, no_go, server_seconds, sim_mismatches
from rekamatan.wan.sightings import keep_sighting, listened, sighting_of
from rekamatan.wan.switch import Switch, TurnBackError
from rekamatan.wan.wayback import revert
from rekamatan.wan.window import window_reasons

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from rekamatan.models import ModemState, SwitchOutcome, WanProfile
    from rekamatan.wan.run import Run
    from rekamatan.wan.switch import Prepared

SAMPLES = 5  # radio figures of one moment jump by several dB
HEARD, NOT_HEARD = "surveyed", "survey_silent"  # codes that the outcome's reason begins with


class Survey(Switch):
    """One look at the network of `request.profile`. See `Switch` for the arguments."""

    def _at_the_door(self, now: datetime) -> tuple[Reason, ...]:
        """A survey changes no carrier, so it needs no order; it needs hours without work."""
        stated = no_go(changed(self._site, change_order_required=False), self._request.profile, "")
        if stated:
            return stated
        return window_reasons(self._request.window, now, self._longest_s())

    def _longest_s(self) -> float:
        """A baseline, there, and back with a gate on the old profile."""
        longest = max(budget_s(profile.limits) for profile in self._site.profiles.values())
        return arm_seconds(self._site.profiles[self._request.profile]) + 2.0 * longest

    def _not_for_this(self, run: Run, state: ModemState) -> tuple[Reason, ...]:
        """Another card, because the same one hears the same network."""
        target = self._site.profiles[run.target]
        if state.profile == target.name:
            return ()
        if not self._ports.driver.abilities.survey:
            return (Reason("not_supported", f"{state.platform} cannot move to another SIM"),)
        if target.sim.slot in {"", state.sim_slot}:  # no slot: the modem has one place for a card
            detail = f"{target.name} uses the same SIM slot as {state.profile}"
            return (Reason("not_supported", detail),)
        return ()

    def _already_active(self, run: Run, target: WanProfile) -> SwitchOutcome:
        """Its network is heard without moving anything."""
        state = listened(self._ports.driver)
        keep_sighting(
            self._ports.disk, sighting_of(state, target.name, self._ports.clock.wall(), "active")
        )
        return run.finish(SwitchState.COMMITTED, target.name, f"{target.name} is the active one")

    def _act(self, run: Run, prepared: Prepared) -> SwitchOutcome:
        seconds = arm_seconds(prepared.target)
        deadline = self._ports.clock.monotonic() + server_seconds(prepared.target)
        try:
            run.arm(prepared.plan, prepared.baseline, seconds)
        except JournalError as error:
            return run.finish(SwitchState.REFUSED, run.previous, f"disk_full: {error}")
        run.watch()
        try:
            self._set_out(run, prepared, seconds, deadline)
            return revert(run, self._listen(run, prepared.target, deadline))
        except TurnBackError as error:
            return revert(run, error.reason)
        except Exception as error:  # noqa: BLE001 - once armed, every failure leads to the way back
            return revert(run, f"{type(error).__name__}: {error}")

    def _listen(self, run: Run, target: WanProfile, deadline: float) -> str:
        """Poll until the network was heard a few times, or the time is over; keep what was heard.

        Returns:
            The reason to go back, which is the result in words.
        """
        clock = self._ports.clock
        until = min(deadline, clock.monotonic() + target.attach_timeout_s)
        last: ModemState | None = None
        figures: list[Signal] = []
        while clock.monotonic() < until and len(figures) < SAMPLES:
            state = self._on_target(target)
            if state is not None:
                last = state
                if state.registered and state.signal != Signal():
                    figures.append(state.signal)
            clock.sleep(POLL_S)
        if last is None:
            return f"{NOT_HEARD}: the modem did not come up on {target.name}"
        heard = changed(last, signal=_median(figures) if figures else last.signal)
        return self._keep(run, target, heard, found=bool(figures))

    def _on_target(self, target: WanProfile) -> ModemState | None:
        """A reading on the other profile; None while the modem restarts."""
        try:
            state = listened(self._ports.driver)
        except DeviceError:
            return None
        return state if state.profile == target.name else None

    def _keep(self, run: Run, target: WanProfile, state: ModemState, *, found: bool) -> str:
        """A card that is not the planned one is told, not taken for the carrier's."""
        detail = in_words(sim_mismatches(self._site, target, state))
        sighting = sighting_of(state, target.name, self._ports.clock.wall(), "moved", detail)
        run.enter(SwitchState.APPLIED, heard=found)
        keep_sighting(self._ports.disk, sighting)
        return f"{HEARD if found else NOT_HEARD}: {target.name}{f'; {detail}' if detail else ''}"


def _median(figures: Sequence[Signal]) -> Signal:
    """Each figure's median; None where no reading gave it."""
    found: dict[str, float | None] = {}
    for field in fields(Signal):
        told = [value for one in figures if (value := getattr(one, field.name)) is not None]
        found[field.name] = statistics.median(told) if told else None
    return Signal(**found)

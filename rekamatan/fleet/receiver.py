"""What runs on the site while a release arrives: sent over the wire, so standard library only.

The controller pipes this file and a payload into one `python3`, so a site needs nothing
installed beforehand. Every verb prints one JSON object. Blobs are named by their SHA-256 and
survive a lost session in `incoming/`: a transfer goes on where it stopped.

Layout under the root (`/opt/rekamatan`): `wheelhouse/` as imaged, `incoming/` blobs on their
way, `releases/<id>/` complete releases, `release` a link to the current one.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import time
from pathlib import Path
from typing import Any

UNIT = "rekamatan-apply.service"
RUNS = Path("/run/rekamatan-apply")
KEPT_RELEASES = 2  # the current one and the one to go back to
POLL_S = 0.2
PAYLOAD_MEMBERS = ("SHA256SUMS", "site-vars.json", "start.json")


def sha256(path: Path) -> str:
    """Hex digest of a file's content."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def known_blobs(roots: list[Path]) -> dict[str, Path]:
    """Every file the site could build a release from, by digest.

    A file cut short by a power loss has another digest, so it is simply not known.
    """
    found: dict[str, Path] = {}
    for root in roots:
        for folder in ("wheelhouse", "incoming", "release"):
            for path in sorted((root / folder).rglob("*")):
                if path.is_file() and "__pycache__" not in path.parts:
                    found.setdefault(sha256(path), path)
    return found


def ask(root: Path, work: Path) -> dict[str, Any]:
    """What this site is and has, and whether an apply is running already."""
    root_or_parent = next(p for p in (root, *root.parents) if p.exists())
    return {
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        "machine": platform.machine(),
        "uid": os.geteuid(),
        "free_bytes": shutil.disk_usage(root_or_parent).free,
        "has": sorted(digest[:16] for digest in known_blobs([root, work])),
        "running": running_apply(),
    }


def running_apply() -> dict[str, Any] | None:
    """`start.json` of the apply that is running now, if one is."""
    active = subprocess.run(["systemctl", "is-active", "--quiet", UNIT], check=False)
    if active.returncode != 0:
        return None
    current = RUNS / "current"
    try:
        found: dict[str, Any] = json.loads((current / "start.json").read_text(encoding="utf-8"))
    except OSError:
        return {}
    return found


def deliver(root: Path, work: Path, payload: bytes) -> dict[str, Any]:
    """Store a batch of blobs; with `SHA256SUMS` build the release, with `start.json` run it."""
    incoming = work / "incoming"
    incoming.mkdir(parents=True, exist_ok=True)
    extras: dict[str, bytes] = {}
    stored = 0
    with tarfile.open(fileobj=io.BytesIO(payload), mode="r:gz") as archive:
        for member in archive:
            stream = archive.extractfile(member)
            content = stream.read() if stream else b""
            if member.name in PAYLOAD_MEMBERS:
                extras[member.name] = content
            else:
                store_blob(incoming, member.name, content)
                stored += 1
    answer: dict[str, Any] = {"stored": stored}
    if "SHA256SUMS" in extras:
        release = assemble(root, work, extras["SHA256SUMS"])
        answer["release"] = str(release)
        if "start.json" in extras:
            start(release, json.loads(extras["start.json"]), extras["site-vars.json"])
    return answer


def store_blob(incoming: Path, name: str, content: bytes) -> None:
    """Write one blob under its digest; the name is a claim and is checked."""
    if hashlib.sha256(content).hexdigest() != name:
        fail(f"blob {name[:16]} arrived damaged; send it again")
    partial = incoming / f".{name}.partial"
    partial.write_bytes(content)
    partial.rename(incoming / name)


def assemble(root: Path, work: Path, sums: bytes) -> Path:
    """Build `releases/<id>` from known blobs and make it the current one, all or nothing."""
    release_id = hashlib.sha256(sums).hexdigest()[:12]
    releases = work / "releases"
    final = releases / release_id
    lines = (line.partition("  ") for line in sums.decode("utf-8").splitlines())
    wanted = {name: digest for digest, _, name in lines}
    if not is_whole(final, wanted):
        build(releases, release_id, wanted, known_blobs([root, work]))
        (final / "SHA256SUMS").write_bytes(sums)
        os.sync()  # a power cut must not leave a release that only looks complete
    point(work / "release", f"releases/{release_id}")
    shutil.rmtree(work / "incoming", ignore_errors=True)
    prune(releases, keep=final)
    return final


def is_whole(release: Path, wanted: dict[str, str]) -> bool:
    """Whether every file is there with the content it should have: a power cut may truncate one."""
    return (release / "SHA256SUMS").exists() and all(
        (release / name).is_file() and sha256(release / name) == digest
        for name, digest in wanted.items()
    )


def build(releases: Path, release_id: str, wanted: dict[str, str], known: dict[str, Path]) -> None:
    """Put a release together from known blobs; the old one with this name gives way at the end."""
    partial, final = releases / f".{release_id}.partial", releases / release_id
    shutil.rmtree(partial, ignore_errors=True)
    for name, digest in wanted.items():
        if digest not in known:
            fail(f"{name}: content {digest[:16]} is missing here; run it again")
        place(known[digest], partial / name)
    shutil.rmtree(final, ignore_errors=True)
    partial.rename(final)


def place(source: Path, target: Path) -> None:
    """Link or copy one file into a release; commands are executable, the rest is not."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.suffix == ".whl":
        try:
            os.link(source, target)  # 30 MB of wheels need not be on the disk twice
        except OSError:
            shutil.copyfile(source, target)
    else:
        shutil.copyfile(source, target)
    target.chmod(0o755 if target.parent.name == "scripts" else 0o644)


def point(link: Path, target: str) -> None:
    """Move a symbolic link in one step: there is always one, and it is whole."""
    new = link.with_name(f".{link.name}.new")
    new.unlink(missing_ok=True)
    new.symlink_to(target)
    new.rename(link)


def prune(releases: Path, keep: Path) -> None:
    """Remove releases beyond the newest few, never the current one."""
    others = [p for p in releases.iterdir() if p != keep]
    others.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in others[KEPT_RELEASES - 1 :]:
        shutil.rmtree(path, ignore_errors=True)


def start(release: Path, order: dict[str, Any], site_vars: bytes) -> None:
    """Start the local apply as a transient unit: it outlives this session and its link."""
    run = RUNS / order["run_id"]
    shutil.rmtree(run, ignore_errors=True)
    run.mkdir(parents=True, mode=0o700)
    secret = os.open(run / "site-vars.json", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(secret, "wb") as stream:
        stream.write(site_vars)
    (run / "start.json").write_text(json.dumps(order), encoding="utf-8")
    point(RUNS / "current", run.name)
    here = release / "rekamatan/fleet/receiver.py"
    done = subprocess.run(
        [
            "systemd-run",
            "--quiet",
            f"--unit={UNIT}",
            "--collect",
            "--description=Rekamatan: apply this site's roles",
            f"--property=ExecStopPost=/usr/bin/python3 {here} ended {run}",
            "/bin/bash",
            str(release / "scripts/pasang"),
            f"--site-vars={run}/site-vars.json",
            f"--events={run}/events.jsonl",
            *order["options"],
        ],
        check=False,
        capture_output=True,
        text=True,
    )
    if "already loaded" in done.stderr:
        fail("another apply began here in this very moment; wait for it to end, then run it again")
    if done.returncode != 0:
        fail(f"the apply could not be started: {done.stderr.strip()}")


def ended(run: Path) -> dict[str, Any]:
    """Called by systemd when the apply stops, however it stops: keep the verdict, drop secrets."""
    (run / "site-vars.json").unlink(missing_ok=True)
    order = json.loads((run / "start.json").read_text(encoding="utf-8"))
    if order.get("remove"):  # a check leaves nothing behind
        shutil.rmtree(order["remove"], ignore_errors=True)
    status = os.environ.get("EXIT_STATUS", "")
    verdict = {
        "result": os.environ.get("SERVICE_RESULT", ""),
        "exit_code": int(status) if status.isdigit() else 1,
    }
    (run / ".ended.new").write_text(json.dumps(verdict), encoding="utf-8")
    (run / ".ended.new").rename(run / "ended.json")
    return verdict


def follow(run: Path, offset: int, wait_s: float) -> dict[str, Any]:
    """New events since `offset`; waits a while for some, so that a slow link is asked rarely."""
    deadline = time.monotonic() + wait_s
    while True:
        if not run.is_dir():
            return {"state": "lost", "events": [], "offset": offset}
        verdict = read_verdict(run)
        lines, position = new_lines(run / "events.jsonl", offset)
        if verdict or lines or time.monotonic() >= deadline:
            break
        time.sleep(POLL_S)  # a long poll: the site waits here, so that the link need not be asked
    answer: dict[str, Any] = {"state": "running", "events": lines, "offset": position}
    if verdict:
        answer |= {"state": "ended", **verdict}
        if verdict["exit_code"] != 0:
            answer["log"] = last_log_lines()
    return answer


def read_verdict(run: Path) -> dict[str, Any] | None:
    """What `ended` wrote, if the apply is over."""
    try:
        found: dict[str, Any] = json.loads((run / "ended.json").read_text(encoding="utf-8"))
    except OSError:
        return None
    return found


def new_lines(events: Path, offset: int) -> tuple[list[Any], int]:
    """Complete lines after `offset`; a line still being written waits for the next time."""
    try:
        with events.open("rb") as stream:
            stream.seek(offset)
            content = stream.read()
    except OSError:
        return [], offset
    complete = content[: content.rfind(b"\n") + 1]
    return [json.loads(line) for line in complete.splitlines()], offset + len(complete)


def last_log_lines() -> str:
    """The end of what the apply printed: the reason when it never got as far as a task."""
    log = subprocess.run(
        ["journalctl", "--unit", UNIT, "--lines=15", "--output=cat", "--no-pager"],
        check=False,
        capture_output=True,
        text=True,
    )
    return log.stdout


def fail(reason: str) -> None:
    """End with a reason the controller can show."""
    print(json.dumps({"error": reason}))  # noqa: T201 - the answer goes to standard output
    sys.exit(1)


def main(arguments: list[str]) -> None:
    """Run one verb and print its answer."""
    verb, first, *rest = arguments
    if verb == "ask":
        answer = ask(Path(first), Path(rest[0]))
    elif verb == "deliver":
        answer = deliver(Path(first), Path(rest[0]), sys.stdin.buffer.read())
    elif verb == "follow":
        answer = follow(Path(first), int(rest[0]), float(rest[1]))
    elif verb == "ended":
        answer = ended(Path(first))
    else:
        fail(f"unknown verb {verb}")
    print(json.dumps(answer))  # noqa: T201 - the answer goes to standard output


if __name__ == "__main__":
    main(sys.argv[1:])

"""`rekamatan order`: write, sign and check the authority for a switch."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rekamatan.agent.advice import next_step
from rekamatan.config import load_site
from rekamatan.errors import ConfigError, RefusedError
from rekamatan.language import Phrase
from rekamatan.plain import to_plain
from rekamatan.records.durable import write_durably
from rekamatan.wan.order import (
    MAX_CHARACTERS,
    ChangeOrder,
    OrderFile,
    Use,
    file_reasons,
    number_in,
    order_text,
    read_order,
)
from rekamatan.wan.order_signature import OpensshSignatures, sign

if TYPE_CHECKING:
    import argparse

MADE = Phrase(
    id="Surat perintah {number} ditulis ke {file}. Tanda tangani: rekamatan order sign {file} "
    "--key KUNCI",
    en="Order {number} is in {file}. Sign it: rekamatan order sign {file} --key KEY",
)
SIGNED = Phrase(
    id="Surat perintah {number} ditandatangani oleh {issuer}: {file}",
    en="Order {number} is signed by {issuer}: {file}",
)
VALID = Phrase(
    id="Surat perintah {number} sah: {issuer} mengizinkan {profiles} untuk {sites} sampai "
    "{not_after}.",
    en="Order {number} is valid: {issuer} allows {profiles} for {sites} until {not_after}.",
)


def register(
    subparsers: argparse._SubParsersAction[argparse.ArgumentParser],
    common: argparse.ArgumentParser,
) -> None:
    """Add `order` with make, sign and verify."""
    parser = subparsers.add_parser("order", help="write, sign and check a change order")
    actions = parser.add_subparsers(dest="action", required=True, metavar="action")
    make = actions.add_parser("make", parents=[common], help="write an order, to be signed")
    make.add_argument("file", type=Path, help="file to write")
    make.add_argument("--number", required=True)
    make.add_argument("--issuer", required=True, help="identity of the signer, one word")
    make.add_argument("--profile", action="append", required=True, help="allowed; may be repeated")
    make.add_argument("--site", action="append", required=True, help="office; may be repeated")
    make.add_argument("--from", dest="not_before", required=True, metavar="MOMENT")
    make.add_argument("--until", required=True, metavar="MOMENT", help="2026-03-07T17:00+07:00")
    make.set_defaults(run=run_make)
    sign_parser = actions.add_parser("sign", parents=[common], help="sign it with an OpenSSH key")
    sign_parser.add_argument("file", type=Path)
    sign_parser.add_argument("--key", type=Path, required=True, help="private key")
    sign_parser.set_defaults(run=run_sign)
    verify = actions.add_parser("verify", parents=[common], help="would it be accepted")
    verify.add_argument("file", type=Path)
    verify.add_argument("--signers", type=Path, help="allowed_signers; without: this site's own")
    verify.add_argument("--site", default="", help="for this office; without --signers: this one")
    verify.add_argument("--profile", default="", help="for this profile")
    verify.set_defaults(run=run_verify)


def add_arguments(action: argparse.ArgumentParser) -> None:
    """Let another command be given an order: its number, its file, or both."""
    action.add_argument(
        "--change-order", default="", metavar="NUMBER", help="authority for the switch"
    )
    action.add_argument(
        "--order", default="", metavar="FILE", help="the signed order; - reads it from stdin"
    )


def given(arguments: argparse.Namespace) -> tuple[str, str]:
    """Number and text of the order that came with the command; empty where none did."""
    if not arguments.order:
        return arguments.change_order, ""
    source = 0 if arguments.order == "-" else arguments.order
    text = _text(source, MAX_CHARACTERS + 1, "name the file the district office sent")
    return arguments.change_order or number_in(text), text


def run_make(arguments: argparse.Namespace) -> int:
    """Write the order; what cannot be an order is refused before it is signed."""
    order = ChangeOrder(
        number=arguments.number,
        issuer=arguments.issuer,
        profiles=tuple(arguments.profile),
        sites=tuple(arguments.site),
        not_before=arguments.not_before,
        not_after=arguments.until,
    )
    text = order_text(order)
    read_order(text, "change order")
    if arguments.file.exists():
        reason = "it exists already"
        raise RefusedError(str(arguments.file), "write the order", reason, "name another file")
    write_durably(arguments.file, text.encode())
    return _tell(MADE, order, arguments)


def run_sign(arguments: argparse.Namespace) -> int:
    """Replace the file by the signed one; an older signature is dropped."""
    found = _read(arguments.file)
    signature = sign(found.body, arguments.key)
    write_durably(arguments.file, found.body + signature.encode("ascii"))
    return _tell(SIGNED, found.order, arguments)


def run_verify(arguments: argparse.Namespace) -> int:
    """Exit 3 with every reason when it would be refused."""
    found = _read(arguments.file)
    signers, site = _signers(arguments)
    use = Use(site, arguments.profile, "", datetime.now(UTC))
    reasons = file_reasons(found, use, signers, OpensshSignatures())
    if not reasons:
        return _tell(VALID, found.order, arguments)
    if arguments.json:
        _print_json({"valid": False, "order": to_plain(found.order), "reasons": to_plain(reasons)})
    else:
        for reason in reasons:
            print(f"{reason}. {next_step(reason.code, arguments.lang)}".rstrip(), file=sys.stderr)  # noqa: T201
    return RefusedError.exit_code


def _signers(arguments: argparse.Namespace) -> tuple[tuple[str, ...], str]:
    if arguments.signers is None:
        own = load_site()
        return own.change_order_signers, arguments.site or own.slug
    lines = _text(arguments.signers).splitlines()
    return tuple(line for line in lines if line.strip() and line[0] != "#"), arguments.site


def _read(path: Path) -> OrderFile:
    return read_order(_text(path), str(path))


def _text(
    source: Path | str | int, most: int = -1, hint: str = "name a file that can be read"
) -> str:
    """At most `most` bytes of a file, or of an open descriptor."""
    try:
        with open(source, "rb") as handle:  # noqa: PTH123 - a descriptor too
            return handle.read(most).decode("utf-8")  # no line end may be translated: it is signed
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(str(source), "read", str(error), hint) from None


def _tell(phrase: Phrase, order: ChangeOrder, arguments: argparse.Namespace) -> int:
    if arguments.json:
        _print_json({"valid": phrase is VALID, "order": to_plain(order)})
        return 0
    lists = {"profiles": ", ".join(order.profiles), "sites": ", ".join(order.sites)}
    fields = to_plain(order) | lists | {"file": arguments.file}
    print(phrase(arguments.lang, **fields))  # noqa: T201 - the command's own output
    return 0


def _print_json(data: object) -> None:
    print(json.dumps(data, sort_keys=True))  # noqa: T201

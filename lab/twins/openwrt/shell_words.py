"""Words and operators of ash's language: quoting, `$name ${name} $1 $# $? $$ $(...)`."""

from __future__ import annotations

import re
from dataclasses import dataclass

OPERATORS = ("&&", "||", ">>", "2>&1", ">&2", "2>>", "2>", ";;", ";", "&", "|", ">", "<", "(", ")")
_NAME = re.compile(r"[A-Za-z_]\w*")
_SPECIAL = "?#$@*0123456789!"


class ShellSyntaxError(Exception):
    """The text after `syntax error: `."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a word: literal text, a variable, or a command to run."""

    kind: str  # "text" | "variable" | "command"
    text: str
    quoted: bool


Word = tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Token:
    """A word or an operator; `bare` is the text of a word without any quoting."""

    operator: str = ""
    word: Word = ()

    @property
    def bare(self) -> str:
        """The word when it is plain text, else nothing: only plain words are reserved."""
        plain = len(self.word) == 1 and self.word[0].kind == "text" and not self.word[0].quoted
        return self.word[0].text if plain else ""

    @property
    def shown(self) -> str:
        """How an error names it."""
        if self.operator == "\n":
            return "newline"
        return self.operator or "word"


def tokens(text: str) -> list[Token]:
    """The tokens of a script. Raises `ShellSyntaxError`."""
    found: list[Token] = []
    position = 0
    while position < len(text):
        character = text[position]
        if character in " \t\r" or text.startswith("\\\n", position):
            position += 2 if character == "\\" else 1
        elif character == "#":
            end = text.find("\n", position)
            position = len(text) if end < 0 else end
        elif character == "\n":
            found.append(Token(operator="\n"))
            position += 1
        elif operator := next((o for o in OPERATORS if text.startswith(o, position)), ""):
            found.append(Token(operator=operator))
            position += len(operator)
        else:
            word, position = _word(text, position)
            found.append(Token(word=word))
    return found


def _word(text: str, position: int) -> tuple[Word, int]:
    parts: list[Part] = []
    while position < len(text) and text[position] not in " \t\r\n;&|<>()":
        if text[position] == "'":
            end = text.find("'", position + 1)
            if end < 0:
                raise ShellSyntaxError("unterminated quoted string")
            parts.append(Part("text", text[position + 1 : end], quoted=True))
            position = end + 1
        elif text[position] == '"':
            position = _double_quoted(text, position + 1, parts)
        else:
            position = _piece(text, position, parts, quoted=False)
    return _joined(parts), position


def _double_quoted(text: str, position: int, parts: list[Part]) -> int:
    parts.append(Part("text", "", quoted=True))  # "" is a word too
    while True:
        if position >= len(text):
            raise ShellSyntaxError("unterminated quoted string")
        if text[position] == '"':
            return position + 1
        position = _piece(text, position, parts, quoted=True)


def _piece(text: str, position: int, parts: list[Part], *, quoted: bool) -> int:
    """One character, escape, variable or command substitution; gives what comes after it."""
    character = text[position]
    if character == "\\" and position + 1 < len(text):
        following = text[position + 1]
        kept = quoted and following not in '\\"$`\n'
        literal = f"\\{following}" if kept else following.replace("\n", "")
        parts.append(Part("text", literal, quoted=True))
        return position + 2
    if text.startswith("$((", position) or character == "`":
        raise ShellSyntaxError(f'unexpected "{character}"')
    if text.startswith("$(", position):
        end = _closing(text, position + 2)
        parts.append(Part("command", text[position + 2 : end], quoted))
        return end + 1
    if character == "$" and position + 1 < len(text):
        return _variable(text, position, parts, quoted=quoted)
    parts.append(Part("text", character, quoted))
    return position + 1


def _variable(text: str, position: int, parts: list[Part], *, quoted: bool) -> int:
    following = text[position + 1]
    if following == "{":
        end = text.find("}", position)
        if end < 0 or not re.fullmatch(r"\w+", text[position + 2 : end]):
            raise ShellSyntaxError("bad substitution")
        parts.append(Part("variable", text[position + 2 : end], quoted))
        return end + 1
    if following in _SPECIAL:
        parts.append(Part("variable", following, quoted))
        return position + 2
    match = _NAME.match(text, position + 1)
    if not match:
        parts.append(Part("text", "$", quoted))
        return position + 1
    parts.append(Part("variable", match[0], quoted))
    return match.end()


def _closing(text: str, position: int) -> int:
    """Where the `)` of a command substitution stands."""
    depth, quote = 1, ""
    while position < len(text):
        character = text[position]
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in "()":
            depth += 1 if character == "(" else -1
            if not depth:
                return position
        position += 1
    raise ShellSyntaxError('unexpected end of file (expecting ")")')


def _joined(parts: list[Part]) -> Word:
    """Neighbouring literals of one kind as one part."""
    joined: list[Part] = []
    for part in parts:
        last = joined[-1] if joined else None
        if last and (last.kind, part.kind, last.quoted) == ("text", "text", part.quoted):
            joined[-1] = Part("text", last.text + part.text, part.quoted)
        else:
            joined.append(part)
    return tuple(joined)

"""The part of ash's language that the twin reads: text in, a tree out.

Understood: simple commands, quoting, `$name ${name} $1 $# $? $$ $(...)`, pipes, `&& || ; & !`,
`if while until for`, `{ }`, redirections `> >> < 2> 2>&1 >&2`, comments. Not understood, and an
error as in ash: functions, `case`, arithmetic, subshells, here-documents, backquotes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lab.twins.openwrt.shell_words import Part, ShellSyntaxError, Token, Word, tokens

REDIRECTIONS = frozenset({">", ">>", "<", "2>", "2>>", "2>&1", ">&2"})
_ASSIGNMENT = re.compile(r"^[A-Za-z_]\w*=")
_CLOSING = frozenset({"then", "do", "done", "fi", "else", "elif", "}"})


@dataclass(slots=True)
class Simple:
    """`A=1 name word ... > file`."""

    assignments: list[tuple[str, Word]] = field(default_factory=list)
    words: list[Word] = field(default_factory=list)
    redirections: list[tuple[str, Word]] = field(default_factory=list)


@dataclass(slots=True)
class Sequence:
    """Commands one after another; each with the operator that stands before it."""

    items: list[tuple[str, Node]] = field(default_factory=list)  # ";" "&&" "||" "&" before


@dataclass(slots=True)
class Pipe:
    """`a | b | c`, perhaps negated."""

    commands: list[Node]
    negated: bool = False


@dataclass(slots=True)
class Branch:
    """`if`: pairs of condition and body; an empty condition is `else`."""

    arms: list[tuple[Node | None, Node]]


@dataclass(slots=True)
class Loop:
    """`while`, `until` (negated), or `for` with a name and words."""

    body: Node
    condition: Node | None = None
    negated: bool = False
    name: str = ""
    words: list[Word] = field(default_factory=list)


@dataclass(slots=True)
class Background:
    """`command &`."""

    command: Node


Node = Simple | Sequence | Pipe | Branch | Loop | Background


def parse(text: str) -> Node:
    """The tree of a script. Raises `ShellSyntaxError`."""
    reader = _Reader(tokens(text))
    tree = reader.sequence(frozenset())
    if reader.current is not None:
        raise ShellSyntaxError(f'unexpected "{reader.current.bare or reader.current.shown}"')
    return tree


class _Reader:
    """Recursive descent over tokens."""

    def __init__(self, read: list[Token]) -> None:
        self._tokens = read
        self._at = 0

    @property
    def current(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _word_is(self, *words: str) -> bool:
        return self.current is not None and self.current.bare in words

    def _operator_is(self, *operators: str) -> bool:
        return self.current is not None and self.current.operator in operators

    def _expect(self, word: str) -> None:
        if self.current is None:
            raise ShellSyntaxError(f'unexpected end of file (expecting "{word}")')
        if self.current.bare != word:
            shown = self.current.bare or self.current.shown
            raise ShellSyntaxError(f'unexpected "{shown}" (expecting "{word}")')
        self._at += 1

    def sequence(self, ends: frozenset[str]) -> Node:
        """Commands until one of these words."""
        found = Sequence()
        before = ";"
        while self.current is not None:
            if self._operator_is(";", "\n"):
                self._at += 1
                before = ";"
            elif self._word_is(*ends) or self._word_is(*_CLOSING):
                break
            else:
                found.items.append((before, self._pipe()))
                before = self._joint(found)
        return found

    def _joint(self, found: Sequence) -> str:
        """The operator after a command."""
        if self._operator_is("&"):
            operator, command = found.items.pop()
            found.items.append((operator, Background(command)))
        if self.current is None or self._word_is(*_CLOSING):
            return ";"
        operator = self.current.operator
        if operator not in {";", "\n", "&", "&&", "||"}:
            raise ShellSyntaxError(f'unexpected "{self.current.bare or self.current.shown}"')
        self._at += 1
        while operator in {"&&", "||"} and self._operator_is("\n"):
            self._at += 1
        return operator if operator in {"&&", "||"} else ";"

    def _pipe(self) -> Node:
        negated = self._word_is("!")
        if negated:
            self._at += 1
        commands = [self._command()]
        while self._operator_is("|"):
            self._at += 1
            commands.append(self._command())
        return commands[0] if len(commands) == 1 and not negated else Pipe(commands, negated)

    def _command(self) -> Node:
        if self._word_is("if"):
            return self._if()
        if self._word_is("while", "until"):
            return self._while()
        if self._word_is("for"):
            return self._for()
        if self._word_is("{"):
            self._at += 1
            body = self.sequence(frozenset({"}"}))
            self._expect("}")
            return body
        return self._simple()

    def _if(self) -> Node:
        arms: list[tuple[Node | None, Node]] = []
        while self._word_is("if", "elif"):
            self._at += 1
            condition = self.sequence(frozenset({"then"}))
            self._expect("then")
            arms.append((condition, self.sequence(frozenset({"fi"}))))
        if self._word_is("else"):
            self._at += 1
            arms.append((None, self.sequence(frozenset({"fi"}))))
        self._expect("fi")
        return Branch(arms)

    def _while(self) -> Node:
        negated = self._word_is("until")
        self._at += 1
        condition = self.sequence(frozenset({"do"}))
        self._expect("do")
        body = self.sequence(frozenset({"done"}))
        self._expect("done")
        return Loop(body, condition, negated)

    def _for(self) -> Node:
        self._at += 1
        name = self.current.bare if self.current else ""
        self._at += 1
        self._expect("in")
        words = []
        while self.current is not None and not self._operator_is(";", "\n"):
            words.append(self.current.word)
            self._at += 1
        self._at += 1
        self._expect("do")
        body = self.sequence(frozenset({"done"}))
        self._expect("done")
        return Loop(body, name=name, words=words)

    def _simple(self) -> Node:
        found = Simple()
        while self.current is not None:
            token = self.current
            if token.operator in REDIRECTIONS:
                self._redirection(found, token.operator)
            elif token.operator:
                break
            elif not found.words and _ASSIGNMENT.match(_leading(token.word)):
                found.assignments.append(_assignment(token.word))
                self._at += 1
            else:
                found.words.append(token.word)
                self._at += 1
        if not (found.words or found.assignments or found.redirections):
            shown = self.current.shown if self.current else "end of file"
            raise ShellSyntaxError(
                f'unexpected "{shown}"' if self.current else f"unexpected {shown}"
            )
        return found

    def _redirection(self, found: Simple, operator: str) -> None:
        self._at += 1
        if operator in {"2>&1", ">&2"}:
            found.redirections.append((operator, ()))
            return
        if self.current is None or self.current.operator:
            shown = self.current.shown if self.current else "newline"
            raise ShellSyntaxError(f'unexpected "{shown}"')
        found.redirections.append((operator, self.current.word))
        self._at += 1


def _leading(word: Word) -> str:
    return word[0].text if word and word[0].kind == "text" and not word[0].quoted else ""


def _assignment(word: Word) -> tuple[str, Word]:
    name, _, rest = word[0].text.partition("=")
    first = (Part("text", rest, quoted=False),) if rest else ()
    return name, (*first, *word[1:])

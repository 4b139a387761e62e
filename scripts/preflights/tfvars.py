"""The values of Terraform's variables: the defaults of infra/variables*.tf, a .tfvars file, and single ones."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[2] / "infra"
BLOCK = re.compile(r'^variable "(\w+)" {\n(.*?)^}', re.MULTILINE | re.DOTALL)
TYPE = re.compile(r"^  type += (\w+)", re.MULTILINE)
DEFAULT = re.compile(r"^  default +=", re.MULTILINE)
SPACE = re.compile(r"(?:\s|#[^\n]*|//[^\n]*|/\*.*?\*/)*", re.DOTALL)
NAME = re.compile(r'[A-Za-z_][\w-]*|"(?:[^"\\\n]|\\.)*"')
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")
STRING = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
HEREDOC = re.compile(r"<<(-?)(\w+)\n(.*?)^[ \t]*\2[ \t]*$", re.MULTILINE | re.DOTALL)
ESCAPED = re.compile(r'\\(u[0-9a-fA-F]{4}|[ntr"\\])')
WORDS = {"true": True, "false": False, "null": None}
ESCAPES = {"n": "\n", "t": "\t", "r": "\r", '"': '"', "\\": "\\"}


class BadVariables(Exception):
    """A file or a value that cannot be read; the message says where."""


class Reader:
    """Reads literal HCL: what a .tfvars file may hold, and no expression."""

    def __init__(self, text: str, where: str, at: int = 0) -> None:
        self._text, self._where, self._at = text, where, at

    def assignments(self) -> dict[str, Any]:
        """Return the whole text as name = value."""
        found: dict[str, Any] = {}
        self._skip()
        while self._at < len(self._text):
            name = self._name()
            if name in found:
                raise self._problem(f"{name} stands there twice")
            found[name] = self.value()
            self._skip()
        return found

    def value(self) -> Any:
        self._skip()
        start = self._text[self._at : self._at + 1]
        if start == "[":
            return self._list()
        if start == "{":
            return self._map()
        if start == "<":
            return self._heredoc()
        if start == '"':
            return self._unescaped(self._take(STRING)[1])
        if NUMBER.match(self._text, self._at):
            number = self._take(NUMBER)[0]
            return int(number) if number.lstrip("-").isdecimal() else float(number)
        word = NAME.match(self._text, self._at)
        if word and word[0] in WORDS:
            self._at = word.end()
            return WORDS[word[0]]
        raise self._problem("a value is expected; functions and references are not read")

    def _list(self) -> list[Any]:
        found = []
        self._at += 1
        while not self._ends("]"):
            found.append(self.value())
            self._skip(comma=True)
        return found

    def _map(self) -> dict[str, Any]:
        found = {}
        self._at += 1
        while not self._ends("}"):
            name = self._name()
            found[name] = self.value()
            self._skip(comma=True)
        return found

    def _heredoc(self) -> str:
        found = self._take(HEREDOC)
        lines = found[3].splitlines(keepends=True)
        if found[1]:
            indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
            lines = [line[indent:] if line.strip() else line for line in lines]
        return "".join(lines)

    def _name(self) -> str:
        self._skip()
        name = self._take(NAME)[0]
        self._skip()
        if self._text[self._at : self._at + 1] not in ("=", ":"):
            raise self._problem(f"= is expected after {name}")
        self._at += 1
        return name.strip('"')

    def _unescaped(self, text: str) -> str:
        if re.search(r"(?<![$%])[$%]{", text):
            raise self._problem("a template in a string is not read")
        text = ESCAPED.sub(lambda mark: ESCAPES.get(mark[1]) or chr(int(mark[1][1:], 16)), text)
        return text.replace("$${", "${").replace("%%{", "%{")

    def _take(self, pattern: re.Pattern[str]) -> re.Match[str]:
        found = pattern.match(self._text, self._at)
        if not found:
            raise self._problem("this is not read")
        self._at = found.end()
        return found

    def _ends(self, bracket: str) -> bool:
        self._skip()
        if self._at >= len(self._text):
            raise self._problem(f"{bracket} is missing")
        if self._text[self._at] != bracket:
            return False
        self._at += 1
        return True

    def _skip(self, comma: bool = False) -> None:
        """Go past space, line ends and comments, and past one comma."""
        for _ in range(1 + comma):
            found = SPACE.match(self._text, self._at)
            self._at = found.end() if found else self._at
            if comma and self._text[self._at : self._at + 1] == ",":
                self._at += 1
                comma = False

    def _problem(self, message: str) -> BadVariables:
        line = self._text.count("\n", 0, self._at) + 1
        begin = self._text[self._at :].partition("\n")[0][:30]
        return BadVariables(f"{self._where}, line {line}: {message}: {begin!r}")


def defaults(folder: Path = FOLDER) -> dict[str, Any]:
    """Return the defaults of all variables, ``...`` for those that have none."""
    found: dict[str, Any] = {}
    for name, body in _blocks(folder).items():
        default = DEFAULT.search(body)
        found[name] = Reader(body, f"variable {name}", default.end()).value() if default else ...
    return found


def _blocks(folder: Path) -> dict[str, str]:
    texts = [file.read_text() for file in sorted(folder.glob("variables*.tf"))]
    return {name: body for text in texts for name, body in BLOCK.findall(text)}


def read(file: Path | None, single: Sequence[str] = (), folder: Path = FOLDER) -> dict[str, Any]:
    """Return the value of every variable of ``folder``; ``single`` are texts of the form name=value, and win.

    :raises BadVariables: for a file that cannot be read, an unknown name, and a missing one
    """
    values = defaults(folder)
    if not values:
        raise BadVariables(f"no variables in {folder}/variables*.tf")
    given = Reader(_text(file), file.name).assignments() if file else {}
    for each in single:
        name, equals, text = each.partition("=")
        if not equals:
            raise BadVariables(f"--var {each!r} is not of the form name=value")
        given[name] = _single(text, _blocks(folder).get(name, ""))
    unknown = [name for name in given if name not in values]
    if unknown:
        raise BadVariables(f"infra/ has no variable {', '.join(unknown)}")
    return {**values, **given}


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise BadVariables(f"{file}: {getattr(error, 'strerror', None) or error}")


def _single(text: str, body: str) -> Any:
    """Return a value as Terraform reads it from -var: the text itself where the type is string, else HCL."""
    kind = TYPE.search(body)
    if not kind or kind[1] == "string":
        return text
    return next(iter(Reader(f"value = {text}", "--var").assignments().values()))

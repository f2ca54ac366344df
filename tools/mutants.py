# SPDX-License-Identifier: Apache-2.0
"""What can be changed in a file of C that clang-format has laid out, one place at a time.

A mutant is a span of the text and what stands there instead. The operators:

    relation   < becomes <= and >, == becomes !=, …       constant   numbers by one, NAME becomes (NAME + 1)
    arithmetic + - * / % & | << >> += -= ++ --            flag       true and false
    logic      && and ||                                  negation   !x becomes x, if (x) becomes if (!(x))
    statement  removed                                    return     a function ends before it begins
    arguments  two neighbours of one type are swapped

Assertions, comments, strings and directives are left alone: what an assertion says is no behaviour.
"""

import collections
import re

Mutant = collections.namedtuple("Mutant", "file start end new kind function")

HIDDEN = re.compile(
    r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|^[ \t]*#[^\n]*(?:\\\n[^\n]*)*'
    r"|\b(?:_Static_)?assert\s*\([^;]*\);|\(void\)\w+;",
    re.S | re.M,
)
SWAPS = {
    "<": ("relation", "<=", ">"), "<=": ("relation", "<", ">"), ">": ("relation", ">=", "<"),
    ">=": ("relation", ">", "<"), "==": ("relation", "!="), "!=": ("relation", "=="),
    "+": ("arithmetic", "-"), "-": ("arithmetic", "+"), "*": ("arithmetic", "/"), "/": ("arithmetic", "*"),
    "%": ("arithmetic", "*"), "&": ("arithmetic", "|"), "|": ("arithmetic", "&"), "<<": ("arithmetic", ">>"),
    ">>": ("arithmetic", "<<"), "+=": ("arithmetic", "-=", "="), "-=": ("arithmetic", "+=", "="),
    "|=": ("arithmetic", "=", "&="), "&=": ("arithmetic", "=", "|="), "++": ("arithmetic", "--"),
    "--": ("arithmetic", "++"), "&&": ("logic", "||"), "||": ("logic", "&&"),
}
TOKEN = re.compile(
    r"<<=|>>=|->|\+\+|--|&&|\|\||[<>=!+\-*/%&|^]=|<<|>>|[<>+\-*/%&|]|\b\d+\b|\b(?:true|false)\b|!|\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b"
)
STATEMENT = re.compile(r"(?<=[;{})\n])([ \t]*)([A-Za-z_(*+-][^;{}\n]*(?:\n[^;{}\n]*)?);")
KEEP = re.compile(r"\s*(return|case|default|const|static|extern|struct|enum|union|bool|u?int\w*|size_t|char)\b")
CONDITION = re.compile(r"\b(?:if|while) \(")
FUNCTION = re.compile(r"^([a-z][\w *]*?[ *])(\w+)\(([^;{}()]*(?:\([^;{}()]*\)[^;{}()]*)*)\)\n\{", re.M)
PROTOTYPE = re.compile(r"^(?:MUST_CHECK )?[a-z][\w *]*?[ *](\w+)\(([^;{}()]*(?:\([^;{}()]*\)[^;{}()]*)*)\)(?:;|\n?\s*\{)", re.M)
DECLARED_SIZE = re.compile(r"^\s*(?:static |const )*(?:struct |enum )?\w+ \*?[^=;()]*\[[^\]]*$")


def blank(text):
    """The text with comments, strings, directives and assertions replaced by spaces of equal length."""
    return HIDDEN.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)


def closing(code, at):
    """The place of the parenthesis that closes the one before `at`."""
    depth = 1
    while depth and at < len(code):
        depth += {"(": 1, ")": -1}.get(code[at], 0)
        at += 1
    return at - 1


def split(text):
    """The parts of a list between commas that no bracket encloses: (start, end) of each."""
    parts, depth, begin = [], 0, 0
    for at, c in enumerate(text):
        depth += c in "([{"
        depth -= c in ")]}"
        if c == "," and depth == 0:
            parts.append((begin, at))
            begin = at + 1
    return [*parts, (begin, len(text))]


def parameter_types(parameters):
    def type_of(parameter):
        return " ".join(re.sub(r"\bconst\b", "", re.sub(r"\w+\s*$", "", parameter)).split())

    return [type_of(parameters[a:b]) for a, b in split(parameters)]


def prototypes(texts):
    """Of each function of the files: its parameters' types."""
    found = {}
    for text in texts:
        for match in PROTOTYPE.finditer(blank(text)):
            found[match[1]] = parameter_types(match[2])
    return found


def binary(code, start, end):
    """Is the operator at code[start:end] one between two values, rather than a sign or a star?"""
    left = code[:start].rstrip()[-1:]
    return code[start - 1 : start] == " " and code[end : end + 1] in (" ", "\n") and (left.isalnum() or left in "_)]}")


def tokens(code):
    for match in TOKEN.finditer(code):
        token, start, end = match[0], match.start(), match.end()
        line = code[code.rfind("\n", 0, start) + 1 : start]
        if token.isdigit():
            if DECLARED_SIZE.match(line) or code[start - 1] == ".":
                continue
            for value in (int(token) + 1, int(token) - 1):
                if value >= 0:
                    yield start, end, str(value), "constant"
        elif token in ("true", "false"):
            yield start, end, "false" if token == "true" else "true", "flag"
        elif token == "!":
            yield start, end, "", "negation"
        elif token[0].isalpha():
            if not (DECLARED_SIZE.match(line) or re.search(r"\bcase $|\[$|\.$", line) or code[end] == "("):
                yield start, end, f"({token} + 1)", "constant"
        elif token in ("++", "--") or (token in SWAPS and binary(code, start, end)):
            for other in SWAPS[token][1:]:
                yield start, end, other, SWAPS[token][0]


def statements(code):
    for match in STATEMENT.finditer(code):
        body = match[2]
        if KEEP.match(body) or re.match(r"\s*(for|if|while|switch|else|do)\b", body):
            continue
        if "=" in body or "(" in body or "++" in body or "--" in body or re.match(r"(break|continue)$", body):
            yield match.start(2), match.end(), ";", "statement"


def conditions(code):
    for match in CONDITION.finditer(code):
        at = closing(code, match.end())
        yield match.end(), at, f"!({code[match.end():at]})", "negation"


def returns(code):
    for match in FUNCTION.finditer(code):
        of = re.sub(r"\b(static|inline|const|MUST_CHECK)\b", "", match[1]).strip()
        if of == "void":
            values = [""]
        elif of == "bool":
            values = [" true", " false"]
        elif of.endswith("*"):
            values = [" NULL"]
        elif of.startswith("struct"):
            values = [f" ({of}){{ 0 }}"]
        else:
            values = [" 0"]
        for value in values:
            yield match.end(), match.end(), f" return{value};", "return"


def arguments(code, known):
    for match in re.finditer(r"\b([a-z]\w*)\(", code):
        types = known.get(match[1])
        line = code[code.rfind("\n", 0, match.start()) + 1 : match.start()]
        if not types or len(types) < 2 or re.match(r"[a-z]", line):  # a definition begins the line
            continue
        text = code[match.end() : closing(code, match.end())]
        parts = split(text)
        if len(parts) != len(types):
            continue
        for i in range(len(parts) - 1):
            (a, b), (c, d) = parts[i], parts[i + 1]
            one, other = text[a:b].strip(), text[c:d].strip()
            if types[i] == types[i + 1] and one != other:
                yield match.end() + a, match.end() + d, f"{' ' if i else ''}{other}, {one}", "arguments"


def functions(code):
    """Where each function begins, and its name."""
    return [(m.start(), m[2]) for m in FUNCTION.finditer(code)]


def of_file(name, text, known):
    code = blank(text)
    begins = functions(code)
    first = min([at for at in (code.find("= {\n"), begins[0][0] if begins else -1) if at >= 0], default=len(code))
    spans = [s for of in (tokens, statements, conditions, returns) for s in of(code)]
    for start, end, new, kind in sorted({*spans, *arguments(code, known)}):
        function = next((f for at, f in reversed(begins) if at <= start), "")
        if start >= first and text[start:end] != new:
            yield Mutant(name, start, end, new, kind, function)


def words(text):
    return " ".join(text.split())


def place(mutant, text):
    """(line, before, after): the lines that the mutant touches, on one line each."""
    begin, last = text.rfind("\n", 0, mutant.start) + 1, text.find("\n", mutant.end)
    before = text[begin:last]
    after = text[begin : mutant.start] + mutant.new + text[mutant.end : last]
    return text.count("\n", 0, mutant.start) + 1, words(before), words(after)


def keyed(found, texts):
    """{key: mutant}: keys do not name lines, so that they outlive changes elsewhere. Where a function
    has the same line several times they are counted."""
    out, seen = {}, collections.Counter()
    for mutant in found:
        _, before, after = place(mutant, texts[mutant.file])
        key = f"{mutant.file} {mutant.function}: {before} -> {after}"
        seen[key] += 1
        out[key if seen[key] == 1 else f"{key} #{seen[key]}"] = mutant
    return out

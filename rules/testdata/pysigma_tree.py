#!/usr/bin/env python3
"""Writes what pySigma reads in Sigma rules: one line a rule, id and tree.

    /tmp/venv/bin/python rules/testdata/pysigma_tree.py FOLDER…

A line is the id, a tab, and the rule's condition: and(…), or(…), not(…) over
tests. Joins of one part are that part, and joins in a join of the same kind
its parts. rules/testdata/pysigma.golden is the output for rules/pack and
rules/testdata/sigma; the package's tests compare it with what regtrap reads.
"""

import json
import pathlib
import sys

from sigma.collection import SigmaCollection
from sigma.conditions import ConditionAND, ConditionFieldEqualsValueExpression, ConditionNOT, ConditionOR, ConditionValueExpression
from sigma.types import (
    SigmaBool,
    SigmaCasedString,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SpecialChars,
)


def quote(s: str) -> str:
    return json.dumps(s, ensure_ascii=True)


def join(op: str, parts: list[str | tuple]) -> str | tuple:
    flat = []
    for p in parts:
        flat += p[1] if isinstance(p, tuple) and p[0] == op else [p]
    return flat[0] if len(flat) == 1 else (op, flat)


def pattern(tokens: list, around: bool) -> str:
    out = []
    for t in ["*", *tokens, "*"] if around else tokens:
        if t is SpecialChars.WILDCARD_MULTI or t == "*" and around and not out:
            out.append("*")
        elif t is SpecialChars.WILDCARD_SINGLE:
            out.append("?")
        else:
            out.append(quote(t))
    if around:
        out[-1] = "*"
    merged = [t for i, t in enumerate(out) if t != "*" or i == 0 or out[i - 1] != "*"]
    return "".join(merged)


def value(field: str | None, v: object) -> str | tuple:
    name = field if field is not None else "any"
    if isinstance(v, SigmaExpansion):
        return join("or", [value(field, x) for x in v.values])
    if isinstance(v, SigmaNull):
        return ("not", [f"exists({name})"])
    if isinstance(v, SigmaExists):
        return f"exists({name})" if v.exists else ("not", [f"exists({name})"])
    if isinstance(v, SigmaCompareExpression):
        return f"{name} {dict(LT='<', LTE='<=', GT='>', GTE='>=')[v.op.name]} {v.number}"
    if isinstance(v, SigmaRegularExpression):
        flags = "".join(sorted(f.name[0].lower() for f in v.flags))
        return f"{name} re {quote((f'(?{flags})' if flags else '') + str(v.regexp.original))}"
    if isinstance(v, SigmaBool):
        v = SigmaString(str(v).lower())
    if isinstance(v, SigmaNumber):
        v = SigmaString(str(v))
    if not isinstance(v, SigmaString):
        raise TypeError(f"{name}: {type(v)}")
    return f"{name} {'cased' if isinstance(v, SigmaCasedString) else 'is'} {pattern(list(v.s), field is None)}"


def tree(x: object) -> str | tuple:
    if isinstance(x, ConditionAND):
        return join("and", [tree(a) for a in x.args])
    if isinstance(x, ConditionOR):
        return join("or", [tree(a) for a in x.args])
    if isinstance(x, ConditionNOT):
        return ("not", [tree(x.args[0])])
    if isinstance(x, ConditionFieldEqualsValueExpression):
        return value(x.field, x.value)
    if isinstance(x, ConditionValueExpression):
        return value(None, x.value)
    raise TypeError(type(x))


def show(x: str | tuple) -> str:
    return x if isinstance(x, str) else f"{x[0]}({', '.join(map(show, x[1]))})"


def main() -> None:
    lines = []
    for folder in sys.argv[1:]:
        for file in sorted(pathlib.Path(folder).rglob("*.yml")):
            if file.name.endswith(".test.yml"):
                continue
            for rule in SigmaCollection.from_yaml(file.read_text(encoding="utf-8")).rules:
                lines.append(f"{rule.id}\t{show(join('or', [tree(c.parsed) for c in rule.detection.parsed_condition]))}")
    print("\n".join(sorted(lines)))


if __name__ == "__main__":
    main()

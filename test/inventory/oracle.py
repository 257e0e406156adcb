"""Asks the installed ansible-core, on its own Python, what its inventory gives. Reads JSON from standard input, writes JSON.

Input: [{"inventory": path, "patterns": [pattern, …]}, …], a pattern being text, or a list of terms that need no splitting.
Output: for each inventory, for each pattern {"hosts": […], "ignored": […]} or {"error": text}.
"""

import json
import sys

import ansible.inventory.group
import ansible.inventory.manager
from ansible import constants
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader


class InOrder(dict):
    """A set that keeps the order of insertion.

    Ansible walks the groups below a group as Python sets of objects, whose order is that of their addresses: below the
    second level it changes from run to run. In this class's order one of its answers can be compared with.
    """

    def __init__(self, items=()):
        super().__init__((item, None) for item in items)

    def add(self, item):
        self[item] = None

    def update(self, items):
        super().update((item, None) for item in items)

    def difference_update(self, items):
        for item in items:
            self.pop(item, None)

    def remove(self, item):
        del self[item]

    def copy(self):
        return InOrder(self)


class Display:
    def __init__(self, display):
        self.display = display
        self.warnings = []

    def warning(self, text, *_args, **_options):
        self.warnings.append(text)

    def __getattr__(self, name):
        return getattr(self.display, name)


UNMATCHED = "Could not match supplied host pattern, ignoring: "


def main():
    ansible.inventory.group.set = InOrder
    constants.HOST_PATTERN_MISMATCH = "warning"
    display = Display(ansible.inventory.manager.display)
    ansible.inventory.manager.display = display
    answers = []
    for case in json.load(sys.stdin):
        manager = ansible.inventory.manager.InventoryManager(DataLoader(), sources=[case["inventory"]])
        answers.append([ask(manager, display, pattern) for pattern in case["patterns"]])
    json.dump(answers, sys.stdout)


def ask(manager, display, pattern):
    # Answers come from a cache, warnings only with the first of them.
    manager.clear_caches()
    display.warnings.clear()
    try:
        hosts = manager._evaluate_patterns(pattern) if isinstance(pattern, list) else manager.get_hosts(pattern)
    except AnsibleError as error:
        return {"error": str(error)}
    names = list(dict.fromkeys(host.name for host in hosts))
    return {"hosts": names, "ignored": [text[len(UNMATCHED):] for text in display.warnings if text.startswith(UNMATCHED)]}


main()

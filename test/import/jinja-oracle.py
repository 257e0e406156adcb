"""Prints, as JSON, what Ansible makes of the templates in the cases that stand on standard input as JSON."""
import json
import sys

from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

answers = []
for case in json.load(sys.stdin):
    templar = Templar(loader=DataLoader(), variables=case["vars"])
    answers.append(templar.do_template(case["jinja"], preserve_trailing_newlines=True, escape_backslashes=False))
print(json.dumps(answers, default=str))

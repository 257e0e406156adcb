"""The reference workload W2 as pyinfra operations: 100 folders, and 100 small files from the folder W2_FILES."""
from os import environ

from pyinfra.operations import files

UNITS = [f"{unit:03}" for unit in range(1, 101)]
for unit in UNITS:
    files.directory(path=f"/srv/w2/{unit}", mode=755)
for unit in UNITS:
    files.put(src=f"{environ['W2_FILES']}/{unit}.conf", dest=f"/srv/w2/{unit}/unit.conf", mode=644, create_remote_dir=False)

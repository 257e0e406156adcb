"""The reference workload W4 as pyinfra operations: one file of 50 MB, W4_FILE."""
from os import environ

from pyinfra.operations import files

files.directory(path="/srv/w4", mode=755)
files.put(src=environ["W4_FILE"], dest="/srv/w4/big50.bin", mode=644)

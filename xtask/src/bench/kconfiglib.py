# Parses a tree's Kconfig with Kconfiglib, as it is when it is given the results of probes: what `conf`
# and hmmsize are given too. Arguments: where Kconfiglib is, the recorded probes, the tree.
import json
import os
import sys

sys.path.insert(0, sys.argv[1])
import kconfiglib

recorded = json.load(open(sys.argv[2]))["probes"]
kconfiglib._shell_fn = lambda kconf, name, command: recorded[command]
os.environ["srctree"] = sys.argv[3]
print(len(kconfiglib.Kconfig("Kconfig", warn=False).unique_defined_syms))

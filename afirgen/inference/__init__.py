"""Native engines, each owned by one thread behind a bounded queue."""

import os

# The threads of an OpenMP team meet hundreds of times a token, and wait for each other spinning. Where anything else
# wants the same cores, they spin while the one they wait for is not running: a draft then takes ten times as long.
# Asleep they lose next to nothing. The libraries read this when they are loaded, so it stands before all of them.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

"""Who acts from the command line."""

import getpass

from afirgen.case.audit import Actor, Channel, Role


def operator() -> Actor:
    """Return whoever runs the command line, by the name of the system's user."""
    return Actor(name=getpass.getuser(), role=Role.ADMINISTRATOR, channel=Channel.CLI)

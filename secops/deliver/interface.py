"""What a sink is. A new one is a file in `sinks/`, a line in the hall's table of plugins, and the contract suite."""

from collections.abc import Sequence
from typing import Protocol

from secops.core.letter import Letter, Receipt


class Sink(Protocol):
    """A place letters go to. One process at a time uses it; calls are never concurrent."""

    name: str

    def open(self) -> Sequence[str]:
        """Prepare the far side, again and again without harm; gives remarks worth telling (what it lacks).

        Raises SinkError where it cannot be reached or used now; the pump will ask again.
        """
        ...

    def send(self, letters: Sequence[Letter]) -> Sequence[Receipt]:
        """Send a batch and say of each letter how it ended, in any order.

        A letter that is `doubtful` may be there already: look for its id first. Sending an id that is there is
        DELIVERED. What cannot be told is UNKNOWN, never a guess. Raises SinkError where nothing of the batch was
        handed over.
        """
        ...

    def close(self) -> None:
        """Let go of connections and files."""
        ...

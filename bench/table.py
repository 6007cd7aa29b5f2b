"""What a figure gives."""

import dataclasses


@dataclasses.dataclass
class Table:
    """One figure: what it says, its rows, and what to know about it."""

    title: str
    columns: list
    rows: list
    notes: list = dataclasses.field(default_factory=list)
    # A picture of growth: its title, the names of both axes, and points by series.
    picture: tuple | None = None

"""What a figure gives."""

import dataclasses


@dataclasses.dataclass
class Table:
    """One figure: what it says, its rows, and what to know about it."""

    title: str
    columns: list
    rows: list
    notes: list = dataclasses.field(default_factory=list)
    # Pictures of growth, by name: the title, the names of both axes, and points by series.
    pictures: dict = dataclasses.field(default_factory=dict)

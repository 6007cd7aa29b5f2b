"""The data that is measured, made from a seed and kept between runs."""

import json
import pathlib
import random
import subprocess

SEED = "7"


class Data:
    """Files in a folder; each is made when it is first asked for."""

    def __init__(self, folder, generate):
        self.folder = pathlib.Path(folder)
        self.generate = generate
        self.folder.mkdir(parents=True, exist_ok=True)

    def lines(self, count, bad=0.0, scope="contacts"):
        """A file of so many lines, of which a share is bad."""
        share = ["--all-bad"] if bad >= 1 else ["--bad-share", str(bad)]
        path = self.folder / f"{scope}-{count}-{bad}.csv"
        return self._made(path, [self.generate, scope, "--lines", str(count), "--seed", SEED, *share])

    def bytes(self, size, bad=0.0):
        """A file of about so many bytes."""
        return self.lines(max(1, round(size / 137)), bad)

    def wide(self, columns, size):
        """A file of so many columns and about so many bytes, and its configuration."""
        kinds = [{}, {"type": "integer"}, {"type": "date"}, {"type": "number"}, {"format": "email"}]
        fields = [{"name": f"c{n}", **kinds[n % len(kinds)]} for n in range(columns)]
        path = self.folder / f"wide_things_all_20260101.{columns}.csv"
        config = self.folder / f"wide_imports_config.{columns}.json"
        scope = {"fields": fields, "primaryKey": ["c0"]}
        config.write_text(json.dumps({"wide": {"things": {"all": {}}}, "scopes": {"things": scope}}))
        if not path.exists():
            chance = random.Random(SEED)
            samples = ["some text", "12345", "2026-01-31", "12.50", "someone@example.org"]
            with path.open("w") as file:
                file.write(";".join(field["name"] for field in fields) + "\n")
                written = 0
                while written < size:
                    line = ";".join(samples[n % 5] if n and chance.random() < 0.8 else f"k{written}" if not n else "" for n in range(columns))
                    file.write(line + "\n")
                    written += len(line) + 1
        return path, config

    def _made(self, path, command):
        if not path.exists():
            part = path.with_suffix(".part")
            with part.open("wb") as out:
                subprocess.run(command, stdout=out, check=True)
            part.rename(path)
        return path

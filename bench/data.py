"""The data that is measured, made from a seed and kept between runs."""

import csv
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

    def spoilt(self, count, every):
        """Clean contacts, but every so many lines the date of birth is in no calendar."""
        path = self.folder / f"spoilt-{count}-{every}.csv"
        with self.lines(count).open(encoding="utf-8", newline="") as file, path.open("w", encoding="utf-8", newline="") as out:
            rows = csv.reader(file, delimiter=";")
            header = next(rows)
            place = header.index("birthdate")
            written = csv.writer(out, delimiter=";", lineterminator="\n")
            written.writerow(header)
            for number, row in enumerate(rows):
                if number % every == 0:
                    row[place] = "1999-02-31"
                written.writerow(row)
        return path

    def keyed(self, count):
        """Contacts with an e-mail address, which is their key, each once."""
        path = self.folder / f"keyed-{count}.csv"
        if not path.exists():
            with self.lines(count).open(encoding="utf-8") as file, path.open("w", encoding="utf-8") as out:
                out.writelines(line for line in file if line.split(";", 2)[1])
        return path

    def orders(self, count, contacts):
        """Orders of these contacts, in a hundred stores."""
        path = self.folder / f"orders-{count}.csv"
        if not path.exists():
            with contacts.open(encoding="utf-8") as file:
                emails = [line.split(";", 2)[1] for line in file][1:]
            plain = self._made(path.with_suffix(".plain"), [self.generate, "orders", "--lines", str(count), "--seed", SEED, "--stores", "100"])
            with plain.open(encoding="utf-8") as file, path.open("w", encoding="utf-8") as out:
                for number, line in enumerate(file):
                    key, _, store, rest = line.split(";", 3)
                    out.write(line if number == 0 else f"{key};{emails[number * 7919 % len(emails)]};{store or 'S001'};{rest}")
        return path

    def wide(self, columns, size):
        """A file of so many columns and about so many bytes, and its configuration."""
        kinds = [{}, {"type": "integer"}, {"type": "date"}, {"type": "number"}, {"format": "email"}]
        fields = [{"name": f"c{n}", **kinds[n % len(kinds)]} for n in range(columns)]
        folder = self.folder / f"wide-{columns}"
        folder.mkdir(exist_ok=True)
        path, config = folder / "wide_things_all_20260101.csv", folder / "wide_imports_config.json"
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

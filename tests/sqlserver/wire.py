"""Types that the server of these tests lacks, as [MS-TDS] 2.2.5.4 and 2.2.5.5 write them.

`SELECT v FROM wire_decimal` answers one row. What is in it was written by hand after the specification.
"""

import re
import struct
from dataclasses import dataclass

from pysqlbridge.tds.result import Column, ColumnType, QueryResult, UniqueIdentifier

COLLATION = bytes.fromhex("0904d00034")
# The days from the first of the year 1 to 2026-01-31, and from 1900 on.
DAY, DAY_OF_1900 = 739_646, 46_051
# 13:45:00 in seconds.
NOON = 49_500


@dataclass(frozen=True)
class Raw(ColumnType):
    """A type by its bytes, whose values are bytes as well."""

    info: bytes

    def type_info(self) -> bytes:
        return self.info

    def encode(self, value) -> bytes:
        return value


def short(value: bytes) -> bytes:
    """A value behind one byte of length."""
    return bytes([len(value)]) + value


def sized(value: bytes) -> bytes:
    """A value behind two bytes of length."""
    return struct.pack("<H", len(value)) + value


def chunked(value: bytes) -> bytes:
    """A value without a bound: its length, one chunk, and the end."""
    return struct.pack("<QI", len(value), len(value)) + value + struct.pack("<I", 0)


def pointed(value: bytes) -> bytes:
    """A value behind a pointer, of the types before SQL Server 2005."""
    return short(bytes(16)) + bytes(8) + struct.pack("<I", len(value)) + value


def decimal(value: int, precision: int, scale: int):
    sign = b"\x01" if value >= 0 else b"\x00"
    return bytes([0x6A, 17, precision, scale]), short(sign + abs(value).to_bytes(16, "little"))


def time(parts: int, length: int) -> bytes:
    return parts.to_bytes(length, "little")


def old(kind: int, text: bool) -> bytes:
    """The type of TEXT, NTEXT and IMAGE: its size, its collation, its table."""
    table = "t".encode("utf-16-le")
    collation = COLLATION if text else b""
    return bytes([kind]) + struct.pack("<I", 0x7FFFFFFF) + collation + b"\x01" + struct.pack("<H", 1) + table


def assembly(name: str) -> bytes:
    """The type of what an assembly defines."""
    names = b"".join(short_text(part) for part in ("master", "sys", name))
    return b"\xf0" + struct.pack("<H", 0xFFFF) + names + struct.pack("<H", 1) + "a".encode("utf-16-le")


def short_text(text: str) -> bytes:
    return bytes([len(text)]) + text.encode("utf-16-le")


MONEY = -125_000
TYPES = {
    "decimal": decimal(-12345678901234561000, 20, 4),
    "decimal38": decimal(10**38 - 1, 38, 38),
    "null": (decimal(0, 20, 4)[0], b"\x00"),
    "money": (b"\x6e\x08", short(struct.pack("<iI", MONEY >> 32, MONEY & 0xFFFFFFFF))),
    "smallmoney": (b"\x6e\x04", short(struct.pack("<i", 1_234_567))),
    "largemoney": (b"\x6e\x08", short(struct.pack("<iI", 0x7FFFFFFF, 0xFFFFFFFF))),
    "date": (b"\x28", short(time(DAY, 3))),
    "time": (b"\x29\x07", short(time(NOON * 10**7 + 5_000_000, 5))),
    "time0": (b"\x29\x00", short(time(NOON, 3))),
    "smalldatetime": (b"\x6f\x04", short(struct.pack("<HH", DAY_OF_1900, 825))),
    "datetime": (b"\x6f\x08", short(struct.pack("<iI", DAY_OF_1900, NOON * 300 + 1))),
    "datetime2": (b"\x2a\x07", short(time(NOON * 10**7 + 1_234_567, 5) + time(DAY, 3))),
    "datetime2_3": (b"\x2a\x03", short(time(NOON * 10**3 + 120, 4) + time(DAY, 3))),
    # It is sent in UTC.
    "datetimeoffset": (b"\x2b\x07", short(time(29_700 * 10**7, 5) + time(DAY, 3) + struct.pack("<h", 330))),
    "varchar": (b"\xa7" + struct.pack("<H", 5) + COLLATION, sized("äöü".encode("cp1252"))),
    "char": (b"\xaf" + struct.pack("<H", 5) + COLLATION, sized(b"abc  ")),
    "nchar": (b"\xef" + struct.pack("<H", 10) + COLLATION, sized("abc  ".encode("utf-16-le"))),
    "broken": (b"\xe7" + struct.pack("<H", 10) + COLLATION, sized(b"\x00\xd8")),
    "text": (old(0x23, True), pointed(b"abc")),
    "ntext": (old(0x63, True), pointed("äöü".encode("utf-16-le"))),
    "xml": (b"\xf1\x00", chunked('<a b="1"/>'.encode("utf-16-le"))),
    "varbinary": (b"\xa5" + struct.pack("<H", 5), sized(b"\x00\xff")),
    "binary": (b"\xad" + struct.pack("<H", 8), sized(bytes(8))),
    "image": (old(0x22, False), pointed(b"\x00\xff")),
    # An int inside: its type, no properties, its value.
    "sql_variant": (b"\x62" + struct.pack("<I", 8009), struct.pack("<I", 6) + b"\x38\x00" + struct.pack("<i", 1)),
    "geography": (assembly("geography"), chunked(b"\x00")),
    "hierarchyid": (assembly("hierarchyid"), chunked(b"\x58")),
}


def answer(sql: str):
    """The row that is asked for; None if it is not of these types."""
    asked = re.search(r"\bFROM wire_(\w+)", sql)
    if not asked:
        return None
    if asked[1] == "uniqueidentifier":
        return QueryResult([Column("v", UniqueIdentifier())], [["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"]])
    kind, value = TYPES[asked[1]]
    return QueryResult([Column("v", Raw(kind))], [[value]])

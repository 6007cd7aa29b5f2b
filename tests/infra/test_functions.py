"""What infra/check-functions finds in a program, and what it lets pass."""

import importlib.machinery
import importlib.util
import struct
import unittest

from template import INFRA

LOADER = importlib.machinery.SourceFileLoader("check_functions", str(INFRA / "check-functions"))
SPEC = importlib.util.spec_from_loader("check_functions", LOADER)
CHECK = importlib.util.module_from_spec(SPEC)
LOADER.exec_module(CHECK)


def program(machine: int, strings: list[str], sections: tuple[str, ...] = (".text",)) -> bytes:
    """As much of an ELF file as is looked at."""
    names, table = b"\0", b""
    for section in (*sections, ".shstrtab"):
        table += struct.pack("<IIQQQQIIQQ", len(names), 1, 0, 0, 64, 0, 0, 0, 0, 0)
        names += section.encode() + b"\0"
    data = names + b"\0" + b"\0".join(s.encode() for s in strings) + b"\0"
    head = b"\x7fELF\x02\x01\x01" + bytes(9)
    head += struct.pack("<HHIQQQIHHHHHH", 3, machine, 1, 0, 0, 64 + len(data), 0, 64, 0, 0, 64, len(sections) + 1, len(sections))
    return head + data + table


class FunctionsTest(unittest.TestCase):
    def test_a_program_for_the_runtime_is_well(self):
        for architecture, machine in CHECK.MACHINES.items():
            found = program(machine, ["GLIBC_2.2.5", "GLIBC_2.34", "GLIBC_2.17"])
            self.assertEqual(CHECK.wrong("unpack", found, architecture), [])
            self.assertEqual(CHECK.glibc(found), {(2, 2), (2, 34), (2, 17)})

    def test_a_newer_glibc_is_found(self):
        [found] = CHECK.wrong("unpack", program(62, ["GLIBC_2.17", "GLIBC_2.38", "GLIBC_2.4"]), "x86_64")
        self.assertIn("asks for glibc 2.38, and the runtime has 2.34", found)

    def test_another_processor_and_debug_symbols_are_found(self):
        found = CHECK.wrong("unpack", program(62, ["GLIBC_2.17"], (".text", ".symtab", ".debug_info")), "arm64")
        self.assertEqual(len(found), 2)
        self.assertIn("another processor", found[0])
        self.assertIn(".debug_info, .symtab", found[1])
        self.assertEqual(CHECK.wrong("unpack", b"#!/bin/sh", "arm64"), ["is no program for 64 bits"])

    def test_a_client_that_is_not_needed_is_found(self):
        needed = [operation for operation, functions in CHECK.ONLY.items() if "validate" in functions]
        self.assertEqual(CHECK.reaches("validate", program(62, needed)), [])
        self.assertEqual(CHECK.reaches("validate", program(62, [*needed, "SendMessageBatchish"])), [])
        self.assertEqual(CHECK.reaches("validate", program(62, [*needed, "SendRawEmail"])), ["holds SendRawEmail, which it does not need"])
        self.assertEqual(len(CHECK.reaches("validate", program(62, needed[1:]))), 1)
        self.assertNotEqual(CHECK.reaches("report", program(62, needed)), [])


if __name__ == "__main__":
    unittest.main()

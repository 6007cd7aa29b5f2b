#!/usr/bin/env python3
"""Writes the workbooks of this folder by the programs that partners use.

    python3 -m venv /tmp/made && /tmp/made/bin/pip install --requirement requirements.txt && /tmp/made/bin/python make.py

They are kept in the repository, so that tests need no network. `tests/sheet/made.rs` says what must be read.
"""
import datetime
import io
from pathlib import Path

import openpyxl
import pandas
import xlsxwriter
import xlwt
from msoffcrypto.format.ooxml import OOXMLFile
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from pyexcelerate import Workbook as Excelerate

HERE = Path(__file__).parent
DAY = datetime.date(2026, 11, 28)
MOMENT = datetime.datetime(2026, 11, 28, 9, 30, 5, 250000)
COLUMNS = ["id", "name", "price", "day", "at", "active", "note"]
ROWS = [
    ["A-1", "Žofia Kühn", 12.5, DAY, MOMENT, True, "two\nlines"],
    ["A-2", "  blanks  ", 1.1, DAY, MOMENT, False, None],
    ["00017", "<&>\"'", 4006381333931, None, None, None, "_x000D_"],
]


def by_openpyxl():
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Orders & more"
    for row in [COLUMNS, *ROWS]:
        sheet.append(row)
    sheet["A7"] = "after two empty rows"
    sheet["B7"] = "=1+1"
    sheet["C7"] = datetime.time(6, 15)
    sheet["D7"] = datetime.timedelta(hours=30, minutes=5)
    sheet["E7"] = "#REF!"
    sheet["F7"] = CellRichText("plain ", TextBlock(InlineFont(b=True), "bold"), " end")
    sheet.merge_cells("A9:C9")
    sheet["A9"] = "merged"
    hidden = book.create_sheet("Hidden", 0)
    hidden.sheet_state = "hidden"
    hidden["A1"] = "not for people"
    book.create_sheet("Empty")
    book.active = 1
    book.save(HERE / "openpyxl.xlsx")


def by_openpyxl_1904():
    book = openpyxl.Workbook(write_only=True)
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    sheet = book.create_sheet("Days")
    sheet.append(["day", DAY])
    sheet.append(["at", MOMENT])
    sheet.append(["inline", "text"])
    book.save(HERE / "openpyxl_1904.xlsx")


def by_xlsxwriter():
    book = xlsxwriter.Workbook(HERE / "xlsxwriter.xlsx")
    sheet = book.add_worksheet("Sheet")
    day = book.add_format({"num_format": "dd/mm/yyyy"})
    at = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss.000"})
    bold = book.add_format({"bold": True})
    sheet.write_row(0, 0, COLUMNS)
    for number, row in enumerate(ROWS, 1):
        for column, value in enumerate(row):
            form = at if isinstance(value, datetime.datetime) else day if isinstance(value, datetime.date) else None
            sheet.write(number, column, value, form) if value is not None else sheet.write_blank(number, column, None, bold)
    sheet.write_formula("A6", "=B6*2", None, 84)
    sheet.write_formula("B6", '="a"&"b"', None, "ab")
    sheet.write_formula("C6", "=1/0", None, "#DIV/0!")
    sheet.write_number("D6", 1e15)
    sheet.write_number("E6", 1234567890123456789)
    sheet.write_number("F6", 0.1 + 0.2)
    sheet.write_rich_string("G6", "plain ", bold, "bold", " end")
    sheet.write_string("XFD6", "the last column")
    chart = book.add_chartsheet("Chart")
    line = book.add_chart({"type": "line"})
    line.add_series({"values": "=Sheet!$C$2:$C$4"})
    chart.set_chart(line)
    book.close()


def by_xlsxwriter_constant_memory():
    book = xlsxwriter.Workbook(HERE / "xlsxwriter_inline.xlsx", {"constant_memory": True})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["a", " b ", "c\nd", "é"])
    sheet.write_row(3, 1, [1, True])
    book.close()


def by_pandas():
    frame = pandas.DataFrame([row[:6] for row in ROWS], columns=COLUMNS[:6])
    frame["missing"] = [1.0, None, 3.0]
    frame.to_excel(HERE / "pandas.xlsx", index=False, engine="openpyxl")
    frame.to_excel(HERE / "other.ods", index=False, engine="odf")


def by_pyexcelerate():
    book = Excelerate()
    book.new_sheet("Sheet", data=[COLUMNS, *([value if value is not None else "" for value in row] for row in ROWS)])
    book.save(str(HERE / "pyexcelerate.xlsx"))


def others():
    book = xlwt.Workbook()
    book.add_sheet("Old").write(0, 0, "old")
    book.save(str(HERE / "other.xls"))
    plain = io.BytesIO()
    book = openpyxl.Workbook()
    book.active["A1"] = "secret"
    book.save(plain)
    plain.seek(0)
    with open(HERE / "protected.xlsx", "wb") as out:
        OOXMLFile(plain).encrypt("password", out)


by_openpyxl()
by_openpyxl_1904()
by_xlsxwriter()
by_xlsxwriter_constant_memory()
by_pandas()
by_pyexcelerate()
others()

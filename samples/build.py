#!/usr/bin/env python3
"""Makes samples/deliveries anew: `python3 samples/build.py`.

The clean day and the data inside the archives come from the generator of the tests; the archives are
packed by zip, tar, gzip and bzip2. The same commands give the same data. Needs cargo and these programs.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
OUT = HERE / "deliveries"
SEED = "7"
# 2,000 contacts come on the clean day, 100 more with the archives; they must be known to both.
WORLD = ["--contacts", "2000", "--stores", "60", "--products", "400", "--orders", "1500"]


def generate(scope, lines, *more):
    command = ["cargo", "run", "--quiet", "-p", "tidewaiter-tests", "--bin", "generate", "--"]
    command += [scope, "--lines", str(lines), "--seed", SEED, *WORLD, *more]
    return subprocess.run(command, cwd=HERE.parent, check=True, capture_output=True).stdout.decode()


def rows(text):
    header, *lines = text.splitlines()
    return [dict(zip(header.split(";"), line.split(";"))) for line in lines if '"' not in line]


def write(folder, name, text):
    path = OUT / folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def table(header, lines):
    return "".join(line + "\n" for line in [header, *lines])


def pack(folder, archive, command, members):
    """Packs files with a program, as a partner would."""
    with tempfile.TemporaryDirectory() as work:
        for name, text in members:
            Path(work, name).write_text(text)
            os.utime(Path(work, name), (1769990400, 1769990400))
        names = [name for name, _ in members]
        subprocess.run([*command, *names], cwd=work, check=True)
        target = OUT / folder / archive
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(Path(work, archive), target)


def main():
    shutil.rmtree(OUT, ignore_errors=True)
    contacts = generate("contacts", 2000)
    people = [row["email"] for row in rows(contacts) if row["email"]]
    day = "1-clean-day"
    write(day, "northwind_fr_contacts_crm_20260202.csv", contacts)
    write(day, "northwind_fr_stores_erp_20260202.csv", generate("stores", 60))
    write(day, "northwind_fr_products_catalogue_20260202.csv", generate("products", 400))
    write(day, "northwind_fr_orders_shop_20260202.csv", generate("orders", 1500))
    write(day, "northwind_fr_ordersitems_shop_20260202.csv", generate("ordersitems", 3500))
    deliveries = [
        "2026-02-02-crm;2026-02-02T01:00:00Z;crm;2000;all contacts",
        "2026-02-02-shop;2026-02-02T01:30:00Z;shop;5000;orders and their items",
    ]
    write(day, "northwind_fr_batch_shop_20260202.csv", table("batch_id;batch_date;source;line_count;comment", deliveries))

    # A group that arrives in pieces: what is in slot 3 refers to slots 1 and 2.
    rewards = [
        "TIDE5;5 EUR at high tide;200;5.00;EUR;2026-01-01;2026-12-31;true",
        "LAMP10;10 % on light;350;;;2026-01-01;2026-06-30;true",
        "CREW;A mug for the crew;500;8.00;EUR;2026-02-01;2026-12-31;true",
    ]
    rewards = table("reward_id;name;points;value;currency;valid_from;valid_to;active", rewards)
    cards = [2990000000000 + n for n in range(1, 121)]
    tiers = ["blue", "silver", "gold"]
    members = [f"{card};{people[n]};{tiers[n % 3]};S{n % 60 + 1:03};2025-11-{n % 28 + 1:02};active" for n, card in enumerate(cards)]
    members = table("card_code;contact;tier;store_id;joined_on;status", members)
    earned = [f"E-{n + 1};{card};{['TIDE5', 'LAMP10', 'CREW'][n % 3]};2026-02-04T09:{n % 60:02}:00Z;2026-08-31" for n, card in enumerate(cards[:80])]
    earned = table("earn_id;card_code;reward_id;earn_date;expires_on", earned)
    write(day, "loyalty.01-03_northwind_fr_masterreward_club_20260204.csv", rewards)

    # One archive of each kind.
    day = "2-archives"
    fresh = generate("contacts", 100, "--first", "2000")
    orders = generate("orders", 80, "--first", "1500", "--contacts", "2100")
    pack(day, "web_2026-02-03.zip", ["zip", "-q", "-X", "web_2026-02-03.zip"], [
        ("web.01-02_northwind_fr_contacts_webshop_20260203.csv", fresh),
        ("web.02-02_northwind_fr_orders_shop_20260203.csv", orders),
    ])
    tar = ["tar", "--owner=0", "--group=0", "--numeric-owner"]
    stores = generate("stores", 3, "--first", "60")
    pack(day, "new-stores.tar", [*tar, "-cf", "new-stores.tar"], [
        ("erp.01-01_northwind_fr_stores_erp_20260203.csv", stores),
    ])
    prices = [f"{row['product_id']};{row['name']};{float(row['price']) * 0.9:.2f}" for row in rows(generate("products", 400))[:120]]
    name = "prices.01-01_northwind_fr_products_catalogue_20260203.csv"
    pack(day, f"{name}.gz", ["gzip", "-n"], [(name, table("product_id;name;price", prices))])
    stock = [f"{row['product_id']};{row['name']};{int(row['stock']) // 2}" for row in rows(generate("products", 400))[120:240]]
    name = "stock.01-01_northwind_fr_products_catalogue_20260203_stock.csv"
    pack(day, f"{name}.bz2", ["bzip2"], [(name, table("product_id;name;stock", stock))])
    visits = [f"EV-{n + 1};{person};store_visit;2026-02-03T1{n % 8}:15:00Z;S{n % 60 + 1:03}" for n, person in enumerate(people[:150])]
    pack(day, "visits.tar.gz", [*tar, "-czf", "visits.tar.gz"], [
        ("visits.01-01_northwind_fr_events_stores_20260203.csv", table("event_id;contact;event_name;event_date;store_id", visits)),
    ])
    carts = [f"CART-{n + 1};{person};2026-02-03T20:{n % 60:02}:00+01:00;{19.9 + n:.2f};EUR" for n, person in enumerate(people[200:240])]
    carts = table("order_id;contact;order_date;total_price;currency", carts)
    things = table("order_id;product_id;quantity;unit_price", [f"SO-{n + 1:06};NW-{n + 1:04};1;{4.9 + n:.2f}" for n in range(20)])
    pack(day, "carts.tgz", [*tar, "-czf", "carts.tgz"], [
        ("carts.01-01_northwind_fr_abandonedcarts_shop_20260203.csv", carts),
    ])
    pack(day, "more-items.tar.bz2", [*tar, "-cjf", "more-items.tar.bz2"], [
        ("items.01-01_northwind_fr_ordersitems_shop_20260203.csv", things),
    ])

    day = "3-second-piece"
    write(day, "loyalty.02-03_northwind_fr_cardcode_club_20260204.csv", members)
    late = table("email;city", [f"{person};Brest" for person in people[300:310]])
    write(day, "northwind_fr_contacts_crm_20260115.csv", late)

    day = "4-last-piece"
    write(day, "loyalty.03-03_northwind_fr_earnreward_club_20260204.csv", earned)
    points = table("card_code;points;reason;credit_date", [f"{card};{50 + n % 7 * 25};order;2026-02-05T00:00:00Z" for n, card in enumerate(cards)] + [f"{cards[0]};-25;corrected;2026-02-05T00:00:00Z"])
    write(day, "northwind_fr_creditpoints_club_20260205.csv", points)
    claims = [f"B-{n + 1};{cards[n]};E-{n + 1};{['TIDE5', 'LAMP10', 'CREW'][n % 3]};2026-02-05T17:00:00Z" for n in range(12)]
    write(day, "northwind_fr_burnreward_club_20260205.csv", table("burn_id;card_code;earn_id;reward_id;burn_date", claims))
    changes = [f"{card};2026-02-05T00:00:00Z;gold;silver;points" for card in cards[1:60:3]]
    write(day, "northwind_fr_tierchange_club_20260205.csv", table("card_code;change_date;tier;previous_tier;reason", changes))
    gone = [f"{person};asked to be forgotten" for person in people[-5:]]
    write(day, "northwind_fr_deletecontacts_privacy_20260205.csv", table("email;reason", gone))


if __name__ == "__main__":
    main()

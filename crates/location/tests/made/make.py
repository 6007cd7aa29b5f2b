#!/usr/bin/env python3
"""Makes the databases beside it, with `mmdb-writer` 0.2.7 from PyPI: pip install mmdb-writer==0.2.7 netaddr==1.3.0

The networks are those that are set aside for documentation, and a few private ones that no look-up may reach. They have the
shape of GeoLite2: a country by its ISO code, a city by its names.
"""
from pathlib import Path

from mmdb_writer import MMDBWriter
from netaddr import IPSet

BUILT = 1_767_225_600


def place(country, city=None):
    names = {"de": f"{city} (de)", "en": city}
    entry = {"country": {"geoname_id": 1, "iso_code": country, "names": {"en": "a country"}}}
    return {**entry, "city": {"geoname_id": 2, "names": names}, "location": {"latitude": 1.5}} if city else entry


CITIES = {
    "192.0.2.0/25": place("FR", "Marseille"),
    "192.0.2.128/25": place("DE", "Köln"),
    "198.51.100.0/25": place("IT"),
    "198.51.100.128/25": place("it", "x" * 101),
    "203.0.113.0/24": {"registered_country": {"iso_code": "US"}},
    "10.0.0.0/8": place("ZZ", "Nowhere"),
    "2001:db8:1::/48": place("SE", "Malmö"),
    "fd00::/8": place("ZZ", "Nowhere"),
}


def write(name, kind, version, entries):
    writer = MMDBWriter(ip_version=version, ipv4_compatible=version == 6, database_type=kind, languages=["en"], description=kind)
    for network, entry in entries.items():
        if version == 6 or ":" not in network:
            writer.insert_network(IPSet([network]), entry)
    path = Path(__file__).parent / name
    writer.to_db_file(str(path))
    # The same bytes each time: the writer puts the time of its run there.
    content = path.read_bytes()
    at = content.index(b"build_epoch") + len(b"build_epoch")
    length = content[at] & 0x1F
    path.write_bytes(content[: at + 2] + BUILT.to_bytes(length, "big") + content[at + 2 + length :])


write("cities.mmdb", "Test-City", 6, CITIES)
write("cities-ipv4.mmdb", "Test-City", 4, CITIES)
write("networks.mmdb", "Test-ASN", 6, {"192.0.2.0/24": {"autonomous_system_number": 64496}})

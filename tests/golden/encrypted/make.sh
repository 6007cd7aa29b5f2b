#!/bin/sh
# Writes the deliveries of this case by GnuPG, as partners use it, for the keys of crates/pgp/tests/made.
#
#   GPG=gpg GPG_OLD=gpg1 ./make.sh
#
# They are kept in the repository, so that tests need no GnuPG. Made with 2.2.40, and 1.4.23 for the one that has no
# protection against changes.
set -eu
cd "$(dirname "$0")"
GPG=${GPG:-gpg} GPG_OLD=${GPG_OLD:-gpg1}
made=../../../crates/pgp/tests/made
home=$(mktemp -d) && chmod 700 "$home"
plain=$(mktemp -d)
trap 'gpgconf --homedir "$home" --kill all; rm -rf "$home" "$plain"' EXIT
run() { "$GPG" --homedir "$home" --batch --yes --quiet --trust-model always --pinentry-mode loopback "$@"; }
encrypt() { run --recipient ours@example.com --output "$@"; }

cp "$made/ours.sec.asc" keys/ours.asc
cp "$made/rotated.sec.asc" keys/rotated.asc
run --import "$made/ours.pub.asc" "$made/rotated.pub.asc" "$made/partner.sec.pgp"

in=deliveries/1
rm -f deliveries/?/*
contacts() { printf 'email;firstname\n%s@example.org;%s\nnot an address;Nobody\n' "$1" "$1" > "$plain/$2"; }
contacts ada acme_contacts_crm_20260131.csv
encrypt $in/acme_contacts_crm_20260131.csv.pgp --encrypt "$plain/acme_contacts_crm_20260131.csv"
contacts bo acme_contacts_crm_20260201.csv
gzip -9n "$plain/acme_contacts_crm_20260201.csv"
encrypt $in/acme_contacts_crm_20260201.csv.gz.GPG --encrypt "$plain/acme_contacts_crm_20260201.csv.gz"
printf 'store_id;name\nPAR01;Paris\n' > "$plain/export.csv"
(cd "$plain" && python3 -m zipfile -c stores.zip export.csv)
encrypt $in/acme_stores_crm_20260131.zip.asc --armor --encrypt "$plain/stores.zip"
contacts cy day.01-02_acme_contacts_crm_20260202.csv
printf 'store_id;name\nLYO01;Lyon\n' > "$plain/day.02-02_acme_stores_crm_20260202.csv"
(cd "$plain" && tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -czf monday.tar.gz day.0*)
run --recipient rotated@example.com --output $in/monday.tar.gz.pgp --encrypt "$plain/monday.tar.gz"
encrypt $in/acme_orders_erp_20261128.xlsx.pgp --encrypt ../workbooks/deliveries/1/shop_orders_erp_20261128.XLSX
printf 'email,firstname\ndi@example.org,Di\n' > "$plain/customers"
encrypt "$in/Customers 2026-11-28.csv.pgp" --local-user partner@example.com --sign --encrypt "$plain/customers"

# What is refused, each for a reason of its own.
printf 'email\nnever@example.org\n' > "$plain/never"
bad=$in/acme_contacts_crm_202603
run --recipient partner@example.com --output ${bad}01.csv.pgp --encrypt "$plain/never"
run --passphrase secret --output ${bad}02.csv.pgp --symmetric "$plain/never"
encrypt "$plain/whole" --encrypt "$plain/never"
head -c 150 "$plain/whole" > ${bad}03.csv.pgp
(head -c 150 "$plain/whole"; printf x; tail -c +152 "$plain/whole") > ${bad}04.csv.pgp
cat "$plain/whole" "$plain/whole" > ${bad}05.csv.pgp
cp "$plain/never" ${bad}06.csv.gpg
run --local-user partner@example.com --output ${bad}07.csv.asc --armor --detach-sign "$plain/never"
encrypt ${bad}08.csv.gz.pgp --encrypt "$plain/never"
encrypt ${bad}09.csv.pgp.asc --armor --encrypt "$plain/whole"
encrypt $in/acme_imports_config.json.pgp --encrypt "$plain/never"
encrypt $in/other_contacts_crm_20260131.csv.pgp --encrypt "$plain/never"
"$GPG_OLD" --homedir "$home" --batch --yes --quiet --no-default-keyring --keyring "$plain/old.gpg" --import "$made/rotated.pub.asc"
"$GPG_OLD" --homedir "$home" --batch --yes --quiet --no-default-keyring --keyring "$plain/old.gpg" --trust-model always \
    --disable-mdc --cipher-algo CAST5 --recipient rotated@example.com --output ${bad}10.csv.pgp --encrypt "$plain/never"

# The names of the first delivery once more, without the encryption and with it.
contacts ada acme_contacts_crm_20260131.csv
cp "$plain/acme_contacts_crm_20260131.csv" deliveries/2/
contacts ed acme_contacts_crm_20260131.csv
encrypt deliveries/2/acme_contacts_crm_20260131.csv.pgp --encrypt "$plain/acme_contacts_crm_20260131.csv"

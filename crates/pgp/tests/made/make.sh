#!/bin/sh
# Writes the keys and messages of this folder by GnuPG, as partners use it. They are kept in the repository, so that tests
# need no GnuPG. `tests/pgp/made.rs` says what must become of each.
#
#   GPG=gpg GPG_OCB=… GPG_OLD=… ./make.sh
#
# GPG writes most of them (made with 2.2.40). GPG_OCB is 2.3 or newer, which has authenticated encryption (made with 2.4.7).
# GPG_OLD is 1.4, which can leave out the protection against changes (made with 1.4.23).
set -eu
cd "$(dirname "$0")"
GPG=${GPG:-gpg} GPG_OCB=${GPG_OCB:-gpg} GPG_OLD=${GPG_OLD:-gpg1}
home=$(mktemp -d) && chmod 700 "$home"
trap 'gpgconf --homedir "$home" --kill all; rm -rf "$home"' EXIT
run() { "$GPG" --homedir "$home" --batch --yes --quiet --trust-model always --pinentry-mode loopback "$@"; }

printf 'contact_id;email\nC-1;ana@example.com\nC-2;bo@example.com\n' > contacts.csv

run --passphrase '' --quick-generate-key 'tidewaiter <ours@example.com>' future-default default never
run --passphrase 'correct horse' --quick-generate-key 'rotated <rotated@example.com>' rsa2048 default never
run --passphrase 'correct horse' --quick-add-key \
    "$(run --list-keys --with-colons rotated@example.com | awk -F: '/^fpr/ { print $10; exit }')" rsa2048 encrypt never
run --passphrase '' --quick-generate-key 'partner <partner@example.com>' future-default default never
run --armor --export-secret-keys ours@example.com > ours.sec.asc
run --armor --passphrase 'correct horse' --export-secret-keys rotated@example.com > rotated.sec.asc
run --armor --passphrase 'correct horse' --export-secret-subkeys rotated@example.com > subkeys.sec.asc
run --armor --export ours@example.com > ours.pub.asc
run --armor --export rotated@example.com > rotated.pub.asc
run --export-secret-keys partner@example.com > partner.sec.pgp

for_us="--recipient ours@example.com"
run $for_us --output default.pgp --encrypt contacts.csv
run $for_us --armor --comment 'from a partner' --output armored.asc --encrypt contacts.csv
run $for_us --compress-algo none --output plain.pgp --encrypt contacts.csv
run $for_us --compress-algo zlib --output zlib.pgp --encrypt contacts.csv
run $for_us --compress-algo bzip2 --output bzip2.pgp --encrypt contacts.csv
run $for_us --cipher-algo CAMELLIA256 --output camellia.pgp --encrypt contacts.csv
run $for_us --local-user partner@example.com --output signed.pgp --sign --encrypt contacts.csv
run $for_us --recipient partner@example.com --recipient rotated@example.com --output several.pgp --encrypt contacts.csv
run $for_us --passphrase secret --output with-password.pgp --symmetric --encrypt contacts.csv
seq 1 3000 | run $for_us --compress-algo none --output in-parts.pgp --encrypt
head -c 3000000 /dev/zero | run $for_us --compress-algo zlib --output bomb.pgp --encrypt
run --hidden-recipient ours@example.com --output hidden.pgp --encrypt contacts.csv
run --hidden-recipient partner@example.com --output hidden-other.pgp --encrypt contacts.csv
run --recipient rotated@example.com --output rsa.pgp --encrypt contacts.csv
run --recipient partner@example.com --output other.pgp --encrypt contacts.csv
run --passphrase secret --output password.pgp --symmetric contacts.csv
run --local-user partner@example.com --output only-signed.pgp --sign contacts.csv
run --local-user partner@example.com --output clear-signed.asc --clear-sign contacts.csv
run --local-user partner@example.com --output signature.asc --armor --detach-sign contacts.csv
"$GPG_OCB" --homedir "$home" --batch --yes --quiet --no-keyring --force-ocb --recipient-file ours.pub.asc \
    --output ocb.pgp --encrypt contacts.csv
old=$(mktemp -d) && chmod 700 "$old"
"$GPG_OLD" --homedir "$old" --batch --yes --quiet --import rotated.pub.asc
"$GPG_OLD" --homedir "$old" --batch --yes --quiet --trust-model always --disable-mdc --cipher-algo CAST5 \
    --recipient rotated@example.com --output no-mdc.pgp --encrypt contacts.csv
rm -rf "$old"

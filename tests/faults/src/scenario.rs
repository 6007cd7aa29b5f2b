//! What is dropped: a little of everything that a folder deployment treats differently.
//!
//! The outcome of each file depends on that file, its configuration and what was imported before, and on no other file
//! of the same drop. So a fault that delays one file changes no other one, and a run with a fault can be compared with
//! an undisturbed one.

use std::fmt::Write;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

/// The repository that has something of everything; the hostile neighbour is this one.
pub const ACME: &str = "acme";
/// A repository that replaces its configuration, and checks groups as a whole before it loads them.
pub const BETA: &str = "beta";
/// A repository that gets its mails in digests.
pub const GAMMA: &str = "gamma";
/// A repository whose first configuration comes together with its files.
pub const DELTA: &str = "delta";

/// What is in every file of beta and gamma, and in none of acme.
pub const SECRET: &str = "betasecret";
/// What is in every file outside of the deployment.
pub const OUTSIDE: &str = "outsidesecret";

const ACME_CONFIG: &str = r#"{
  "acme": {
    "contacts": { "crm": {}, "strict": { "policy": "strict" }, "zipped": {}, "linked": {}, "sealed": {}, "group": {}, "waits": {} },
    "stores": { "crm": {}, "zipped": {} }, "products": { "crm": {} }
  },
  "settings": { "report_recipients": ["data@example.org"] }
}"#;

const BETA_CONFIG: &str = r#"{
  "beta": { "contacts": { "crm": {}, "none": { "policy": "strict" } }, "stores": { "crm": {}, "none": {} } },
  "settings": { "group_policy": "all_or_nothing", "report_recipients": ["beta@example.org"], "report_on": "problems" }
}"#;

/// The same for what is dropped, and one more scope.
const BETA_REPLACED: &str = r#"{
  "beta": {
    "contacts": { "crm": {}, "none": { "policy": "strict" } }, "stores": { "crm": {}, "none": {} }, "products": { "crm": {} }
  },
  "settings": { "group_policy": "all_or_nothing", "report_recipients": ["beta@example.org"], "report_on": "problems" }
}"#;

const GAMMA_CONFIG: &str = r#"{
  "gamma": { "contacts": { "crm": {} } },
  "settings": { "report_recipients": ["gamma@example.org"], "digest": "run" }
}"#;

const DELTA_CONFIG: &str = r#"{ "delta": { "contacts": { "crm": {} } } }"#;

/// Makes the configurations that an operator wrote, and drops what is imported before anything fails: names that are
/// used again, so that the outputs of the first file have to be kept.
pub fn before(root: &Path) {
    write(root, "config/acme/acme.json", ACME_CONFIG);
    write(root, "config/beta/beta.json", BETA_CONFIG);
    write(root, "config/gamma/gamma.json", GAMMA_CONFIG);
    fs::create_dir(root.join("keys")).expect("a folder can be made");
    fs::write(root.join("keys/ours.asc"), encrypted("keys/ours.asc")).expect("a key can be written");
    fs::write(root.join("tidewaiter.toml"), "[decryption]\nkey_files = [\"keys/ours.asc\"]\n")
        .expect("settings can be written");
    write(
        root,
        "imports/acme/acme_contacts_crm_20260131.csv",
        "email;firstname\nbefore@example.org;Eve\nbad before;Bo\n",
    );
    write(root, "imports/acme/notes.txt", "before");
    write(root, "imports/acme/acme_imports_config.json", "{ \"acme\": 1 }");
    write(root, "imports/beta/beta_contacts_crm_20260101.csv", contacts(&format!("{SECRET}-before"), 2));
    write(root, "imports/gamma/readme.txt", SECRET);
}

/// Drops what is imported while something fails.
pub fn drops(root: &Path) {
    let acme = |name: &str, content: &str| write(root, &format!("imports/acme/{name}"), content);
    acme(
        "acme_contacts_crm_20260131.csv",
        "email;firstname\nada@example.org;Ada\nbad after;Cy\nbob@example.org;Bob\n",
    );
    acme("acme_contacts_strict_20260131.csv", "email\nstrict@example.org\nbad\n");
    acme("acme_products_crm_20260131.csv", &long_report());
    acme("grp.01-02_acme_contacts_group_20260131.csv", "email\ngroup@example.org\nbad\n");
    acme("grp.02-02_acme_stores_crm_20260131.csv", "store_id;name\nPAR01;Paris\n");
    acme("waits.01-02_acme_contacts_waits_20260131.csv", "email\nwaits@example.org\n");
    let members: [(&str, &str); 2] = [
        ("tar.01-02_acme_contacts_zipped_20260130.csv", "email\nzipped@example.org\n"),
        ("tar.02-02_acme_stores_zipped_20260130.csv", "store_id;name\nZIP01;Zip\n"),
    ];
    fs::write(root.join("imports/acme/monday.tar"), tar(&members)).expect("a drop can be written");
    // It is decrypted, then extracted, and then it is that file.
    let sealed = encrypted("deliveries/1/acme_contacts_crm_20260201.csv.gz.GPG");
    fs::write(root.join("imports/acme/acme_contacts_sealed_20260131.csv.gz.gpg"), sealed)
        .expect("a drop can be written");
    acme("broken.zip", "PK\x03\x04 and nothing more");
    acme("notes.txt", "for whom?");
    acme("acme_imports_config.json", "{ \"acme\": 2 }");
    acme("acme_contacts_unknown_20260131.csv", "email\nnever@example.org\n");
    acme("folder/acme_contacts_crm_20260130.csv", "email\nfolder@example.org\n");
    fs::create_dir(root.join("imports/acme/hollow")).expect("a drop can be made");
    symlink("../../config/beta/beta.json", root.join("imports/acme/link.csv")).expect("a drop can be made");
    acme("acme_contacts_linked_20260131.csv", "email\nlinked@example.org\n");
    acme("still.part", "not all of it");
    fs::hard_link(
        root.join("imports/acme/acme_contacts_linked_20260131.csv"),
        root.join("imports/acme/.second-name"),
    )
    .expect("a drop can be made");
    write(root, "imports/beta/beta_imports_config.json", BETA_REPLACED);
    let stores = |store: &str| format!("store_id;name\n{store};{SECRET}\n");
    write(root, "imports/beta/good.01-02_beta_contacts_crm_20260131.csv", contacts(SECRET, 3));
    write(root, "imports/beta/good.02-02_beta_stores_crm_20260131.csv", stores("BET01"));
    write(root, "imports/beta/none.01-02_beta_stores_none_20260201.csv", stores("BET02"));
    write(root, "imports/beta/none.02-02_beta_contacts_none_20260201.csv", "email\nbetasecret\n");
    write(root, "imports/gamma/gamma_contacts_crm_20260131.csv", contacts(SECRET, 1) + "bad\n");
    write(root, "imports/delta/delta_imports_config.json", DELTA_CONFIG);
    write(root, "imports/delta/delta_contacts_crm_20260131.csv", contacts("delta", 1));
}

/// A file of the golden folder of encrypted files.
fn encrypted(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../golden/encrypted");
    fs::read(folder.join(name)).expect("the golden folder is there")
}

fn contacts(word: &str, lines: u32) -> String {
    (0..lines).fold("email\n".to_owned(), |mut text, n| {
        let _ = writeln!(text, "{n}@{word}.example");
        text
    })
}

/// So many kinds of findings that the report does not fit into the ledger.
fn long_report() -> String {
    let mut text = "product_id;name;price;currency;stock;active;product_url\n".to_owned();
    for n in 0..30 {
        let _ = writeln!(
            text,
            "P-{n};a name that takes some room {n};cheap;euros and cents;many;perhaps;nowhere"
        );
    }
    let _ = writeln!(text, "P-good;Anchor;1.50;EUR;3;true;https://example.org/a");
    text
}

/// A tar archive of these files.
fn tar(members: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = Vec::new();
    for (name, content) in members {
        let mut header = vec![0_u8; 512];
        let mut put = |at: usize, text: &[u8]| {
            header.iter_mut().skip(at).zip(text).for_each(|(to, from)| *to = *from);
        };
        put(0, name.as_bytes());
        put(100, b"0000644\0");
        put(108, b"0000000\0");
        put(116, b"0000000\0");
        put(124, format!("{:011o}\0", content.len()).as_bytes());
        put(136, b"00000000000\0");
        put(148, b"        ");
        put(156, b"0");
        put(257, b"ustar\x0000");
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        let sum = format!("{sum:06o}\0 ");
        header.iter_mut().skip(148).zip(sum.as_bytes()).for_each(|(to, from)| *to = *from);
        archive.extend_from_slice(&header);
        archive.extend_from_slice(content.as_bytes());
        archive.resize(archive.len().next_multiple_of(512), 0);
    }
    archive.resize(archive.len() + 1024, 0);
    archive
}

/// Writes a file below a root, and the folders around it.
pub fn write(root: &Path, key: &str, content: impl AsRef<[u8]>) {
    let path = root.join(key);
    fs::create_dir_all(path.parent().unwrap_or(root)).expect("a folder can be made");
    fs::write(path, content).expect("a file can be written");
}

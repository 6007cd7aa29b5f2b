//! What the log of the program says: names, ids and causes, never what a partner's lines hold.
//!
//! The use cases are the same in the functions, where logs are kept by somebody else.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use tidewaiter_tests::World;
use tidewaiter_tests::world::PARTNER;
use tracing_subscriber::fmt::MakeWriter;

/// In every cell that is dropped.
const MARK: &str = "Xylophon7391";

const CONFIG: &str = r#"{ "acme": {
    "contacts": { "crm": { "alert_recipients": ["ops@example.org"] }, "strict": { "policy": "strict" },
                  "full": { "replace_all": { "max_removed": 0.1 } }, "once": { "duplicates": "skip" } },
    "stores": { "crm": {} }, "products": { "crm": {} }, "orders": { "crm": { "check_references": "group" } },
    "ordersitems": { "crm": {} }, "creditpoints": { "crm": {} }, "cardcode": { "crm": {} } },
  "settings": { "report_recipients": ["data@example.org"], "phone_prefix": "33" } }"#;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

fn with_mark(text: &str) -> Vec<u8> {
    text.replace("MARK", MARK).into_bytes()
}

#[test]
fn nothing_that_lines_hold_is_in_the_log_of_the_program() {
    let log = Log::default();
    let lines = tracing_subscriber::fmt().with_writer(log.clone()).with_max_level(tracing::Level::TRACE);
    lines.init();
    let world = World::new();
    world.config("acme", CONFIG);
    let mut invalid = with_mark("email;firstname\nMARK@example.org;MARK");
    invalid.extend([0xff, b'\n']);
    let files = [
        ("acme_contacts_crm_20260101.csv", with_mark("email;firstname\nMARK@example.org;MARK\nMARK;MARK\n")),
        ("acme_contacts_crm_20260102.csv", with_mark("email;firstname\n\"MARK;MARK\nMARK;MARK;MARK\n")),
        ("acme_contacts_crm_20260103.csv", invalid),
        ("acme_contacts_strict_20260101.csv", with_mark("email\nMARK\n")),
        ("acme_contacts_full_20260101.csv", with_mark("email\nother.MARK@example.org\n")),
        ("acme_contacts_once_20260101.csv", with_mark("email\nMARK@example.org\n")),
        ("acme_contacts_once_20260102.csv", with_mark("email\nMARK@example.org\n")),
        ("acme_stores_crm_20260101.csv", with_mark("store_id;name;latitude\nMARK;MARK;MARK\n")),
        ("acme_creditpoints_crm_20260101.csv", with_mark("card_code;points\nMARK;1\n")),
        ("acme_cardcode_crm_20260101.csv", with_mark("card_code;contact\nMARK;MARK@example.org\n")),
        (
            "g.01-02_acme_orders_crm_20260101.csv",
            with_mark("order_id;contact;order_date;total_price\nMARK;MARK@x.org;MARK;MARK\n"),
        ),
        (
            "g.02-02_acme_ordersitems_crm_20260101.csv",
            with_mark("order_id;product_id;quantity\nMARK;MARK;1\n"),
        ),
        ("broken.zip", with_mark("PK\x03\x04MARK")),
        ("acme_contacts_crm_20260104.csv", with_mark("<html><body>MARK</body></html>\n")),
    ];
    for (name, content) in files {
        world.drop(PARTNER, name, content);
        world.run();
    }
    let said = |key: &str| {
        let tree = world.tree();
        tree.iter()
            .filter(|(name, _)| name.starts_with(key))
            .any(|(_, content)| String::from_utf8_lossy(content).contains(MARK))
    };
    assert!(said("badlines/") && said("logs/"), "those who sent it are told");
    let logged = String::from_utf8_lossy(&log.0.lock().unwrap()).into_owned();
    let leaked: Vec<&str> = logged.lines().filter(|line| line.contains(MARK)).collect();
    assert!(leaked.is_empty(), "{leaked:#?}");
    tracing::info!("the log is heard");
    assert!(String::from_utf8_lossy(&log.0.lock().unwrap()).contains("the log is heard"));
}

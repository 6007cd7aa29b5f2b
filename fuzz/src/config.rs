//! Configurations: any bytes are judged; what is accepted means the same however it is written.

use tidewaiter::config::Config;

const UNIVERSE: &str = "acme";

pub(crate) fn seed(name: &str, bytes: Vec<u8>) -> Option<Vec<u8>> {
    let universe = name.strip_suffix("_imports_config.json")?;
    let text = String::from_utf8(bytes).ok()?;
    Some(text.replace(&format!("\"{universe}\""), &format!("\"{UNIVERSE}\"")).into())
}

pub(crate) fn run(bytes: &[u8]) {
    match Config::parse(UNIVERSE, bytes) {
        Err(mistakes) => assert!(!mistakes.is_empty(), "refused without a reason"),
        Ok(config) => {
            let text = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
            let document: serde_json::Value =
                serde_json::from_slice(text).expect("what was accepted is JSON");
            let written = serde_json::to_vec_pretty(&document).expect("JSON can be written");
            let again = Config::parse(UNIVERSE, &written).expect("written otherwise, it is accepted, too");
            assert_eq!(meaning(&again), meaning(&config));
        }
    }
}

fn meaning(config: &Config) -> String {
    let entries: Vec<_> = config.entries().collect();
    for (entry, _) in &entries {
        assert!(config.scope(&entry.scope).is_some(), "an import without a schema: {entry}");
    }
    format!("{entries:?} {:?} {:?}", config.settings(), config.scopes())
}

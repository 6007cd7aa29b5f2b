//! How long it takes to see what is next.

use std::error::Error;
use std::time::Instant;

use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::keys::Repository;
use tidewaiter::name::DataName;
use tidewaiter_engine::ports::{GroupQueue, ImportRun, Kind, Progress, RunLedger, Source};
use tidewaiter_folder::SqliteState;

/// How often it is looked.
const LOOKS: u32 = 2_000;
/// How many files are registered at once.
const AT_ONCE: u32 = 1_000;

/// Registers so many files, then looks again and again which one is first; the mean time, in microseconds.
pub(crate) fn run(files: &str) -> Result<String, Box<dyn Error>> {
    let files: u32 = files.parse()?;
    let folder = tempfile::tempdir()?;
    let state = SqliteState::open(&folder.path().join("state.sqlite"))?;
    let repository: Repository = "acme".parse()?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        for first in (0..files).step_by(AT_ONCE as usize) {
            let some = first..files.min(first + AT_ONCE);
            let imports: Vec<ImportRun> = some.map(|n| import(&repository, n)).collect();
            state.register(&imports).await?;
        }
        let began = Instant::now();
        for _ in 0..LOOKS {
            let turn = state.turn(&repository).await?;
            if turn.ready.is_empty() {
                return Err("nothing is ready".into());
            }
        }
        Ok(format!("{:.2} µs", began.elapsed().as_secs_f64() * 1e6 / f64::from(LOOKS)))
    })
}

/// A file; what comes later has an earlier date, so that it is not the order of arrival that helps.
fn import(repository: &Repository, n: u32) -> ImportRun {
    let arrived = Timestamp::from_second(1_790_000_000 + i64::from(n)).unwrap_or(Timestamp::UNIX_EPOCH);
    let day = jiff::civil::date(2026, 1, 1).saturating_sub(jiff::Span::new().days(i64::from(n % 5_000)));
    let file = format!("acme_contacts_crm_{}_{n}.csv", day.strftime("%Y%m%d"));
    let name = DataName {
        file: file.clone(),
        group: None,
        universe: "acme".to_owned(),
        scope: "contacts".to_owned(),
        subsection: "crm".to_owned(),
        date: day,
        suffix: Some(n.to_string()),
    };
    ImportRun {
        id: ImportId::new(arrived, u128::from(n)),
        repository: repository.clone(),
        source: Source { key: format!("waiting/{n}"), version: None },
        file,
        archive: None,
        fetched: None,
        bytes: 1,
        arrived,
        kind: Kind::Data { name, rank: 0, settle_seconds: 0, group: None, unpacked: None },
        progress: Progress::Registered,
    }
}

//! What a message is about, in words: names of files and repositories, and never what else it holds.

use tidewaiter::id::ImportId;
use tidewaiter::render::{self, Renderer};
use tidewaiter::sequence::Event;
use tidewaiter_aws::events::Notice;
use tidewaiter_aws::operator::tags::Function;
use tidewaiter_aws::operator::{Stack, Subject};
use tidewaiter_engine::capabilities::HasState;
use tidewaiter_engine::ports::{Message, News, RunLedger, Task};

use super::About;
use crate::Result;

impl About {
    fn in_vain(words: String) -> Self {
        Self { words, in_vain: true, ..Self::default() }
    }
}

/// What a message of `function` is about; the state says which file an import is.
pub(super) async fn about(stack: &Stack, function: Function, subject: &Subject) -> Result<About> {
    let name = function.as_str();
    match subject {
        Subject::Unreadable => Ok(About::in_vain(format!("{name} cannot read it: it will fail again"))),
        Subject::Misdirected(_) => {
            Ok(About::in_vain("it is for another function: it will fail again".to_owned()))
        }
        Subject::Drops(notices) => Ok(drops(notices)),
        Subject::Step(Message::Sequence { repository, news, .. }) => Ok(About {
            words: format!("{repository}: {}", heard(news)),
            repository: Some(repository.clone()),
            ..About::default()
        }),
        Subject::Step(Message::Work { import, task: Task::Check, .. }) => {
            step(stack, *import, "to be checked").await
        }
        Subject::Step(Message::Work { import, task: Task::Import, .. }) => {
            step(stack, *import, "to be imported").await
        }
        Subject::Step(Message::Report { import }) => step(stack, *import, "its report is due").await,
        Subject::Step(Message::Digest { repository, .. }) => Ok(About {
            words: format!("{repository}: a digest is due"),
            repository: Some(repository.clone()),
            ..About::default()
        }),
        Subject::Step(Message::Notice { notice }) => Ok(About {
            words: render::Subject.render(notice),
            repository: notice.repository.parse().ok(),
            ..About::default()
        }),
        Subject::Step(Message::Missed { dropped }) => Ok(drops(&[Notice::Dropped((**dropped).clone())])),
        Subject::Step(Message::Fetch { repository, entry }) => Ok(About {
            words: format!("{repository}: the query {entry} is to be read"),
            repository: Some(repository.clone()),
            ..About::default()
        }),
        Subject::Step(Message::TakeIn { import }) => step(stack, *import, "to be registered").await,
    }
}

fn heard(news: &News) -> &'static str {
    match news {
        News::Arrived { .. } => "files arrived",
        News::Poke => "time to look again",
        News::Released => "a configuration has its outcome",
        News::Happened(Event::Finished(..)) => "a file is done",
        News::Happened(_) => "a file was checked",
    }
}

/// A message of S3 tells of one file, as a rule.
fn drops(notices: &[Notice]) -> About {
    let more = match notices.len() {
        0 => return About { words: "an event without work".to_owned(), ..About::default() },
        1 => String::new(),
        count => format!(", and {} more", count - 1),
    };
    match notices.first() {
        Some(Notice::Dropped(drop)) => About {
            words: format!("{} was dropped{more} (import {})", drop.source.key, drop.import),
            repository: Some(drop.repository.clone()),
            file: Some(drop.file.clone()),
            import: Some(drop.import),
            in_vain: false,
        },
        Some(Notice::Stray { key }) => {
            About::in_vain(format!("{key} is in no repository{more}: it will fail again"))
        }
        None => About::default(),
    }
}

async fn step(stack: &Stack, id: ImportId, what: &str) -> Result<About> {
    let Some(import) = stack.state().run(id).await? else {
        return Ok(About {
            import: Some(id),
            ..About::in_vain(format!("{what}, but no import {id} is registered: it will fail again"))
        });
    };
    let done = if import.is_done() { ", done since" } else { "" };
    Ok(About {
        words: format!("{}/{}: {what}{done} (import {id})", import.repository, import.file),
        repository: Some(import.repository),
        file: Some(import.file),
        import: Some(id),
        in_vain: false,
    })
}

//! A notice, in the look of the mails about files.

use askama::Template;

use super::colour::{BAD, GOOD, SOME};
use super::filters;
use super::{Facts, Frame, Html, document};
use crate::notice::{Notice, Told, What};
use crate::{Renderer, Subject};

#[derive(Template)]
#[template(path = "notice.html")]
struct Mail {
    frame: Frame,
    sentence: String,
    hint: Option<String>,
    facts: Facts,
}

impl Renderer<Notice> for Html {
    fn render(&self, notice: &Notice) -> String {
        let Told { word, headline, sentence, facts, hint } = notice.told();
        let frame = Frame {
            title: Subject.render(notice),
            preview: sentence.clone(),
            colour: match notice.what {
                What::Waiting { .. } => SOME,
                What::Missed(_) | What::Unread(_) => BAD,
                What::Came { .. } | What::ReadAgain { .. } => GOOD,
            },
            word: word.to_owned(),
            headline,
            about: format!("Repository {}", notice.repository),
            footer: "Tidewaiter sends this notice once.".to_owned(),
        };
        document(&Mail {
            frame,
            sentence,
            hint: hint.as_deref().map(filters::sentence),
            facts: facts.into_iter().map(|(name, values)| (name.to_owned(), values)).collect(),
        })
    }
}

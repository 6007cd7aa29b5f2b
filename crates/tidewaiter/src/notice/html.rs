//! A notice as HTML, in the look of the mails about files.

use std::fmt::{Result, Write};

use super::{Notice, Told, What};
use crate::report::html::frame::{banner, begin, end, end_table, fact_lines, facts, todo};
use crate::report::html::style::{BAD, GOOD, SOME};
use crate::report::html::text::{capitalised, rich};

pub(super) fn html(notice: &Notice) -> String {
    let mut out = String::new();
    write_html(&mut out, notice).unwrap_or_default();
    out
}

fn write_html(out: &mut String, notice: &Notice) -> Result {
    let Told { word, headline, sentence, facts: told, hint } = notice.told();
    let colour = match notice.what {
        What::Waiting { .. } => SOME,
        What::Missed(_) => BAD,
        What::Came { .. } => GOOD,
    };
    begin(out, &notice.subject(), &sentence)?;
    banner(out, colour, word, &headline, &format!("Repository {}", notice.repository))?;
    writeln!(out, "<tr><td class=\"pad\" style=\"padding:20px 28px 0\">{}</td></tr>", rich(&sentence))?;
    if let Some(hint) = hint {
        todo(out, &rich(&capitalised(&hint)))?;
    }
    writeln!(out, "<tr><td style=\"height:12px;font-size:0;line-height:0\">&nbsp;</td></tr>")?;
    facts(out)?;
    for (name, values) in told {
        fact_lines(out, name, &values)?;
    }
    end_table(out)?;
    end(out, "Tidewaiter tells of this once.")
}

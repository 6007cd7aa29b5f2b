//! Which cells hold dates: the formats that cells name by their numbers.

use std::collections::HashMap;
use std::io::{Read, Seek};

use crate::format::{self, Shown};
use crate::limits::Limits;
use crate::refusal::{Refusal, RefusalCode, SheetError};
use crate::text::whole_of;
use crate::xml::Xml;

/// What the cells of each style show.
#[derive(Debug, Default)]
pub(crate) struct Styles(Vec<Shown>);

impl Styles {
    /// Reads the part of the styles.
    pub(crate) fn read<R: Read + Seek>(xml: &mut Xml<'_, R>, limits: &Limits) -> Result<Self, SheetError> {
        let mut codes = HashMap::new();
        let mut styles = Vec::new();
        while let Some(tag) = xml.child()? {
            match tag.name {
                "numFmts" => {
                    while let Some(tag) = xml.child()? {
                        if tag.name == "numFmt" {
                            let id = tag.value("numFmtId")?.unwrap_or_default();
                            let code = tag.value("formatCode")?.unwrap_or_default();
                            codes.insert(id_of(&id)?, format::of_code(&code));
                            within(codes.len(), limits)?;
                        }
                        xml.skip()?;
                    }
                }
                "cellXfs" => {
                    while let Some(tag) = xml.child()? {
                        if tag.name == "xf" {
                            let id = tag.value("numFmtId")?.map_or(Ok(0), |id| id_of(&id))?;
                            styles.push(id);
                            within(styles.len(), limits)?;
                        }
                        xml.skip()?;
                    }
                }
                _ => xml.skip()?,
            }
        }
        xml.finish()?;
        let shown = |id: u32| codes.get(&id).copied().unwrap_or_else(|| format::built_in(id));
        Ok(Self(styles.into_iter().map(shown).collect()))
    }

    /// What the cells of the style with this number show. A style that is not defined shows numbers.
    pub(crate) fn shown(&self, style: usize) -> Shown {
        self.0.get(style).copied().unwrap_or_default()
    }
}

fn id_of(text: &str) -> Result<u32, SheetError> {
    Ok(u32::try_from(whole_of("a number format", text)?).unwrap_or(u32::MAX))
}

fn within(count: usize, limits: &Limits) -> Result<(), SheetError> {
    if count > limits.styles {
        let what = format!("the workbook has more than {} cell formats", limits.styles);
        return Err(Refusal::new(RefusalCode::Limit, what).into());
    }
    Ok(())
}

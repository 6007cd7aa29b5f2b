//! From a good line to what it does.

use std::borrow::Cow;
use std::sync::Arc;

use tidewaiter_check::{Header, Line};
use tidewaiter_model::id::ImportId;
use tidewaiter_schema::OnExisting;

use super::location::{Filler, Locate};
use super::normal::Form;
use super::plan::Plan;
use super::{Cells, Change, Subject, join_key};

/// What the lines of one file have in common.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layout {
    /// The names of the columns with values, in the order of [`Change::values`]: those of the file that are read, in
    /// its order, and then those that the import fills and the file lacks: for a list that every line joins, and for where an
    /// address is.
    pub columns: Vec<String>,
    /// How many of the columns the file has itself. An empty cell in another one says nothing.
    pub(super) own: usize,
    /// For each of [`Plan::references`], the place in the file of its first column, counted from 1; 0 if
    /// the file does not have it.
    pub places: Vec<u64>,
    /// Which of the columns holds lists, by its place.
    pub lists: Option<usize>,
    /// The places of the columns in the order of their names.
    sorted: Vec<usize>,
}

impl Layout {
    /// See the fields. The file has all of the columns.
    pub fn new(columns: Vec<String>, places: Vec<u64>, lists: Option<usize>) -> Self {
        let own = columns.len();
        let mut sorted: Vec<usize> = (0..columns.len()).collect();
        sorted.sort_by_key(|at| columns.get(*at));
        Self { columns, own, places, lists, sorted }
    }

    /// The columns that have a value, in the order of their names: place, name and value.
    pub fn named<'a>(&'a self, values: &'a Cells) -> impl Iterator<Item = (usize, &'a str, &'a str)> {
        self.sorted.iter().filter_map(|at| Some((*at, self.columns.get(*at)?.as_str(), values.get(*at)?)))
    }
}

/// Reads lines as changes.
#[derive(Debug, Clone)]
pub struct Reader {
    plan: Arc<Plan>,
    import: ImportId,
    layout: Layout,
    forms: Vec<Form>,
    filler: Option<Filler>,
}

impl Reader {
    /// A reader for one import.
    pub fn new(plan: Arc<Plan>, import: ImportId) -> Self {
        Self { plan, import, layout: Layout::default(), forms: Vec::new(), filler: None }
    }

    /// Fills what the import fills from where an address is. Without it, nothing is.
    #[must_use]
    pub fn with_locator(mut self, locator: Arc<dyn Locate>) -> Self {
        self.filler = self.plan.locates().then(|| Filler::new(locator));
        self
    }

    /// Takes the header, before any line.
    pub fn header(&mut self, header: &Header) {
        let mut columns = header.names().to_vec();
        let place = |name: &String| {
            let at = header.names().iter().position(|known| known == name)?;
            header.read_places().nth(at)
        };
        let places = (self.plan.references.iter())
            .map(|to| to.columns.first().and_then(place).map_or(0, |at| at as u64 + 1))
            .collect();
        if let Some((lists, _)) = &self.plan.joins
            && !columns.contains(lists)
        {
            columns.push(lists.clone());
        }
        if let Some(filler) = &mut self.filler {
            filler.header(&self.plan, &mut columns);
        }
        let lists = columns.iter().position(|column| self.plan.holds_lists(column));
        self.layout = Layout { own: header.names().len(), ..Layout::new(columns, places, lists) };
        self.forms = self.layout.columns.iter().map(|column| self.plan.kept_form(column)).collect();
    }

    /// What the lines have in common.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// What a line does.
    pub fn change(&self, line: &Line<'_>) -> Change {
        let prefix = self.plan.phone_prefix.as_deref();
        let mut values = Cells::with_capacity(self.layout.columns.len(), line.raw().len());
        for (column, form) in line.header().columns().flatten().zip(&self.forms) {
            let value = line.value(column);
            values.push(value.map(|value| kept(value, form, prefix)).as_deref());
        }
        values.fill_up(self.layout.columns.len());
        if let Some(filler) = &self.filler {
            filler.fill(&self.plan, &self.layout.columns, &mut values);
        }
        self.join_list(&mut values);
        let value = |name: &str| {
            let at = self.layout.columns.iter().position(|column| column == name)?;
            values.get(at)
        };
        let references: Vec<(usize, String)> = (self.plan.references.iter().enumerate())
            .filter_map(|(n, to)| {
                let parts: Vec<&str> = to.columns.iter().map(|name| value(name)).collect::<Option<_>>()?;
                Some((n, to.form.key(parts.into_iter(), prefix)))
            })
            .collect();
        let subject = self.subject(line.number(), value, &references);
        self.keep_references(&mut values, &references);
        Change { line: line.number(), subject, values, references }
    }

    fn subject<'a>(
        &self,
        line: u64,
        value: impl Fn(&str) -> Option<&'a str>,
        references: &[(usize, String)],
    ) -> Subject {
        let plan = &self.plan;
        if plan.on_existing == OnExisting::Append {
            let own = format!("{}#{line:012}", self.import);
            let owner = plan.owner.and_then(|owner| references.iter().find(|(n, _)| *n == owner));
            return Subject::Key(match owner {
                Some((_, owner)) => join_key([owner.as_str(), &own].into_iter()),
                None => own,
            });
        }
        let prefix = plan.phone_prefix.as_deref();
        let key = plan.key(&value);
        if let Some(by) = &plan.match_by {
            return Subject::Match { value: by.value(value(by.column()).unwrap_or_default(), prefix), key };
        }
        match (key, &plan.generated) {
            (Some(key), _) => Subject::Key(key),
            (None, Some((rule, form))) => {
                Subject::Generated(form.key([value(&rule.from).unwrap_or_default()].into_iter(), prefix))
            }
            (None, None) => Subject::Key(String::new()),
        }
    }

    /// A reference is kept as the key it names, so that records can be joined by it.
    fn keep_references(&self, values: &mut Cells, references: &[(usize, String)]) {
        for (number, key) in references {
            let Some([column]) = self.plan.references.get(*number).map(|to| to.columns.as_slice()) else {
                continue;
            };
            if let Some(at) = self.layout.columns.iter().position(|name| name == column) {
                values.set(at, key);
            }
        }
    }

    /// Every line joins the list that the import replaces; what the line itself says comes after.
    fn join_list(&self, values: &mut Cells) {
        let Some((column, list)) = &self.plan.joins else { return };
        let Some(at) = self.layout.columns.iter().position(|name| name == column) else { return };
        let joined = match values.get(at) {
            Some(own) => format!("{list} {own}"),
            None => list.to_string(),
        };
        values.set(at, &joined);
    }
}

/// A value as it is kept.
fn kept<'a>(value: Cow<'a, str>, form: &Form, prefix: Option<&str>) -> Cow<'a, str> {
    let changed = match (form, &value) {
        (Form::Exact, _) => None,
        (form, Cow::Borrowed(text)) => return form.key(text, prefix),
        (form, Cow::Owned(text)) => match form.key(text, prefix) {
            Cow::Borrowed(_) => None,
            Cow::Owned(text) => Some(text),
        },
    };
    changed.map_or(value, Cow::Owned)
}

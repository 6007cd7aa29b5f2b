//! An import that is proposed, and the document that says so.

use serde_json::{Map, Value, json};

use super::typed::Type;

/// An import that is proposed.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) scope: String,
    pub(super) import: String,
    /// True if the scope is its own, and not one of the catalogue.
    pub(super) is_own: bool,
    pub(super) title: String,
    /// The options, without `columns`, in the order of the documentation.
    pub(super) before: Map<String, Value>,
    pub(super) after: Map<String, Value>,
    pub(super) columns: Vec<Planned>,
    pub(super) has_header: bool,
    /// Labels that name no column: they are not read.
    pub(super) ignored: Vec<String>,
    /// The place of the column that identifies a record.
    pub(super) key: Option<usize>,
}

/// A column that is proposed.
#[derive(Debug, Clone)]
pub(super) struct Planned {
    pub(super) label: String,
    /// The field; None for a column that is not read.
    pub(super) field: Option<String>,
    pub(super) kind: Type,
    pub(super) is_required: bool,
}

impl Draft {
    /// A draft that says nothing yet.
    pub(super) fn empty() -> Self {
        Self {
            scope: String::new(),
            import: String::new(),
            is_own: false,
            title: String::new(),
            before: Map::new(),
            after: Map::new(),
            columns: Vec::new(),
            has_header: true,
            ignored: Vec::new(),
            key: None,
        }
    }

    /// The options of the import.
    fn options(&self) -> Value {
        let mut options = self.before.clone();
        if self.has_header {
            // A label that is the name of its field says so itself.
            let is_other = |column: &&Planned| column.field.as_deref() != Some(column.label.as_str());
            let pair = |column: &Planned| (column.label.clone(), Value::from(column.field.clone()));
            let mut columns: Map<String, Value> = self.columns.iter().filter(is_other).map(pair).collect();
            columns.extend(self.ignored.iter().map(|label| (label.clone(), Value::Null)));
            if !columns.is_empty() {
                options.insert("columns".to_owned(), columns.into());
            }
        } else {
            let fields: Vec<Value> = self.columns.iter().map(|column| column.field.clone().into()).collect();
            options.insert("columns".to_owned(), fields.into());
        }
        options.extend(self.after.clone());
        options.into()
    }

    /// The Table Schema of a scope of its own.
    fn schema(&self) -> Value {
        let mut schema = Map::new();
        schema.insert("title".to_owned(), self.title.clone().into());
        let fields = self.columns.iter().filter_map(|column| {
            let mut field = json!({ "name": column.field.as_ref()? });
            if self.has_header && column.field.as_deref() != Some(column.label.as_str()) {
                field.as_object_mut()?.insert("title".to_owned(), column.label.clone().into());
            }
            column.kind.describe(&mut field);
            if column.is_required {
                let constraints = field.as_object_mut()?.entry("constraints").or_insert_with(|| json!({}));
                constraints.as_object_mut()?.insert("required".to_owned(), true.into());
            }
            Some(field)
        });
        schema.insert("fields".to_owned(), fields.collect::<Vec<_>>().into());
        let key = self.key.and_then(|key| self.columns.get(key)).and_then(|column| column.field.as_ref());
        match key {
            Some(key) => schema.insert("primaryKey".to_owned(), json!([key])),
            None => schema.insert("onExisting".to_owned(), "append".into()),
        };
        schema.into()
    }
}

/// The document of a universe with these imports.
pub(super) fn document(universe: &str, drafts: &[Draft]) -> String {
    let mut scopes: Map<String, Value> = Map::new();
    let mut own: Map<String, Value> = Map::new();
    for draft in drafts {
        let imports = scopes.entry(draft.scope.clone()).or_insert_with(|| json!({}));
        if let Some(imports) = imports.as_object_mut() {
            imports.insert(draft.import.clone(), draft.options());
        }
        if draft.is_own {
            own.insert(draft.scope.clone(), draft.schema());
        }
    }
    let mut document = Map::new();
    document.insert(universe.to_owned(), scopes.into());
    if !own.is_empty() {
        document.insert("scopes".to_owned(), own.into());
    }
    format!("{:#}\n", Value::Object(document))
}

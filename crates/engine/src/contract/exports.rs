//! What a store promises of exports: its own way gives what reading page by page gives.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::ops::ControlFlow;
use std::sync::Arc;

use crate::Result;
use crate::ports::{Cell, Condition, ExportColumn, Exports, Origin, Rows, Selection, export_by_scan};

/// Rows as they were handed over.
#[derive(Debug, Default, PartialEq)]
struct Kept {
    rows: Vec<String>,
    most: Option<usize>,
}

impl Rows for Kept {
    fn begin(&mut self, origin: &Origin<'_>) {
        self.rows.push(format!("{origin:?}"));
    }

    fn cell(&mut self, cell: Cell<'_>) {
        if let Some(row) = self.rows.last_mut() {
            // A text takes everything.
            let _ = write!(row, " {cell:?}");
        }
    }

    fn end(&mut self) -> ControlFlow<()> {
        match self.most {
            Some(most) if self.rows.len() >= most => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }
}

/// Exports every scope of a store in every way. It holds what [`records`](super::records()) leaves there.
///
/// # Panics
/// If something was promised and not kept.
pub async fn exports<E: Exports>(store: &E) -> Result<()> {
    let counts = store.counts().await?;
    assert!(!counts.is_empty(), "there is something to export");
    let scopes: BTreeSet<&str> = counts.iter().map(|(_, scope, _)| scope.as_str()).collect();
    for scope in scopes {
        let all = Selection { scope: scope.to_owned(), with_origin: true, ..Selection::default() };
        let columns: Vec<ExportColumn> = store
            .fields(&all)
            .await?
            .into_iter()
            .map(|(field, kind)| ExportColumn { field, kind: kind.unwrap_or_default() })
            .collect();
        let columns: Arc<[ExportColumn]> = columns.into();
        let whole = same(store, &all, &columns).await?;
        let count: u64 = counts.iter().filter(|(_, other, _)| other == scope).map(|(.., count)| count).sum();
        assert_eq!(whole.rows.len() as u64, count, "{scope}");
        let first = store.export(&all, &columns, Kept { most: Some(1), ..Kept::default() }).await?;
        assert_eq!(
            first.rows.get(..1),
            whole.rows.get(..1),
            "no row is handed over to a sink that wants none"
        );
        assert_eq!(first.rows.len(), 1);
        for selection in selections(store, &all).await? {
            same(store, &selection, &columns).await?;
        }
    }
    let nothing = Selection { scope: "nothing".to_owned(), ..Selection::default() };
    let none = store.export(&nothing, &Arc::from([]), Kept::default()).await?;
    assert_eq!(none, Kept::default());
    Ok(())
}

/// Exports a selection in both ways.
async fn same<E: Exports>(store: &E, selection: &Selection, columns: &Arc<[ExportColumn]>) -> Result<Kept> {
    let own = store.export(selection, columns, Kept::default()).await?;
    let general = export_by_scan(store, selection, columns, Kept::default()).await?;
    assert_eq!(own, general, "{selection:?}");
    Ok(own)
}

/// Parts of a scope: by universe, limit, import, and each value of some records and none.
async fn selections<E: Exports>(store: &E, all: &Selection) -> Result<Vec<Selection>> {
    let mut selections =
        vec![Selection { limit: Some(0), ..all.clone() }, Selection { limit: Some(3), ..all.clone() }];
    for stored in store.scan(&all.scope, None, 50).await? {
        selections.push(Selection {
            universe: Some(stored.universe.clone()),
            limit: Some(20),
            ..all.clone()
        });
        selections.push(Selection { since: Some(stored.record.changed.import), ..all.clone() });
        for (field, value) in stored.record.values {
            for value in [Some(value.text), None] {
                let condition = Condition { field: field.clone(), value };
                selections.push(Selection { conditions: vec![condition], ..all.clone() });
            }
        }
    }
    selections.dedup_by(|a, b| format!("{a:?}") == format!("{b:?}"));
    Ok(selections)
}

//! The first rows of a query beside the fields that they go to, and what an import would say of them. Nothing is loaded.

use std::sync::Arc;

use serde::Serialize;
use tidewaiter::check::column_of;
use tidewaiter::config::{Active, Config, ImportOptions};
use tidewaiter::keys::Repository;
use tidewaiter::name::Entry;
use tidewaiter_engine::capabilities::Clock;
use tidewaiter_engine::ports::{Position, SourceColumn};
use tidewaiter_engine::{configs, fetch};

use super::{Meant, meant, pick};
use crate::deployment::one_repository;
use crate::preflight::{Preflight, check_content};
use crate::{Deployment, Error, Result};

/// The first rows of a query, column by column.
#[derive(Debug, Serialize)]
pub struct Preview {
    /// The repository.
    pub repository: Repository,
    /// The import, as `universe.scope.name`.
    pub import: String,
    /// The connection that was read.
    pub connection: String,
    /// The columns of the answer, in its order.
    pub columns: Vec<ColumnPreview>,
    /// How many rows were read for it.
    pub rows: u64,
    /// How many rows were left out, because they were imported before.
    pub left_out: u64,
    /// What an import would say of a file with these rows.
    pub check: Preflight,
}

/// A column of an answer, and the field that it goes to.
#[derive(Debug, Serialize)]
pub struct ColumnPreview {
    /// Its name in the answer.
    pub column: String,
    /// Its type, as the server calls it.
    #[serde(rename = "type")]
    pub kind: String,
    /// The field that it goes to; none if it is not imported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Its value in the first row; none is NULL.
    pub first: Option<String>,
    /// How many of the rows have no value in it.
    pub without_value: u64,
}

/// Reads the first rows of what the next read of a query would have. `document` is a configuration to try, of the universe
/// that it is for; None: the active one.
///
/// # Errors
/// [`Error::NoQuery`] if there is no such query; [`Error::Source`] if the database cannot be read.
pub async fn preview(
    deployment: &Deployment,
    repository: Option<&Repository>,
    name: &str,
    document: Option<Config>,
    rows: usize,
) -> Result<Preview> {
    let local = deployment.folder().ok_or(Error::OnlyInFolders("a preview"))?;
    let (meant, active) = match document {
        None => {
            let meant = meant(deployment, local, repository, name).await?;
            let active = configs::active(local, &meant.repository).await?;
            (meant, active)
        }
        Some(config) => {
            let repository = one_repository(deployment, local, repository).await?;
            let others = configs::active_but(local, &repository, config.universe()).await?;
            let known: Vec<_> = config
                .entries()
                .filter_map(|(entry, options)| Some((entry, options, options.query.as_ref()?)))
                .collect();
            let meant = pick(repository, &known, name)?;
            (meant, Arc::new(others.with(config).map_err(Error::Mistakes)?))
        }
    };
    let Meant { repository, entry, options, query } = meant;
    let (state, _) = fetch::state_of(local, &repository, &entry).await?;
    let column = query.last_item.as_ref().map(|last| &last.column);
    let position =
        if state.position.column.as_ref() == column { state.position } else { Position::default() };
    let read = Box::pin(fetch::preview(local, &repository, &options, &query, &position, rows))
        .await
        .map_err(Error::Source)?;
    let file = format!("{}_{}.csv", entry.joined(), local.now().strftime("%Y%m%d"));
    let check = check_content(&active, &file, &read.file)?;
    Ok(Preview {
        columns: columns(&entry, &active, &options, &read),
        rows: read.rows.len() as u64,
        left_out: read.left_out,
        connection: query.connection,
        import: entry.to_string(),
        repository,
        check,
    })
}

fn columns(
    entry: &Entry,
    active: &Active,
    options: &ImportOptions,
    read: &fetch::Preview,
) -> Vec<ColumnPreview> {
    let scope = active.config(&entry.universe).and_then(|config| config.scope(&entry.scope));
    let column = |(at, column): (usize, &SourceColumn)| {
        let values = || read.rows.iter().map(move |row| row.get(at).and_then(Option::as_ref));
        let field = scope.and_then(|scope| column_of(&options.dialect, &column.name, scope));
        ColumnPreview {
            field: field.map(ToOwned::to_owned),
            column: column.name.clone(),
            kind: column.kind.clone(),
            first: values().next().flatten().cloned(),
            without_value: values().filter(Option::is_none).count() as u64,
        }
    };
    read.columns.iter().enumerate().map(column).collect()
}

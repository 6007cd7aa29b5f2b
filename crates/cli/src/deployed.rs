//! A deployment that is looked at: in a folder, or a deployed stack by the address of its bucket.
//!
//! What commands need beside the ports is [`Deployed`]; they are written over it, so that both worlds are told
//! in the same words.

use std::path::{Path, PathBuf};

use tidewaiter::keys::Repository;
use tidewaiter_pipeline::local::{Local, Looked, Untaken};
use tidewaiter_pipeline::ports::{DroppedObject, Platform};

use crate::{Error, Result};

/// What the addresses of stacks begin with.
const SCHEME: &str = "s3://";

/// What is asked of a deployment beside the ports.
pub(crate) trait Deployed: Platform {
    /// All repositories, in their order.
    async fn repositories(&self) -> Result<Vec<Repository>>;
    /// How many data files of a repository are ready, including the current one.
    async fn queued_count(&self, repository: &Repository) -> Result<u64>;
    /// What lies in the drop zones of these repositories and was not taken in yet.
    async fn untaken(&self, repositories: &[Repository]) -> Result<Looked<Untaken>>;
    /// What was taken in and could not be registered.
    async fn unregistered(&self) -> Result<Looked<DroppedObject>>;
    /// What lies in the drop zone where nothing is taken in from.
    async fn strays(&self) -> Result<Vec<String>>;
    /// What could not be handled and waits for an operator: how many messages of which queue. A folder has none:
    /// its next run tries again.
    async fn dead_letters(&self) -> Vec<(&'static str, u64)> {
        Vec::new()
    }
    /// True if somebody is at work in a repository in which something is `running`; None if that cannot be told.
    fn is_at_work(&self, running: bool) -> Option<bool>;
}

impl Deployed for Local {
    async fn repositories(&self) -> Result<Vec<Repository>> {
        Ok(Self::repositories(self).await?)
    }

    async fn queued_count(&self, repository: &Repository) -> Result<u64> {
        Ok(self.state().queued_count(repository).await?)
    }

    async fn untaken(&self, _repositories: &[Repository]) -> Result<Looked<Untaken>> {
        Ok(Self::untaken(self)?)
    }

    async fn unregistered(&self) -> Result<Looked<DroppedObject>> {
        Ok(Self::unregistered(self).await?)
    }

    async fn strays(&self) -> Result<Vec<String>> {
        Ok(Self::strays(self)?.iter().map(|path| path.display().to_string()).collect())
    }

    fn is_at_work(&self, _running: bool) -> Option<bool> {
        Self::is_at_work(self)
    }
}

#[cfg(feature = "aws")]
impl Deployed for tidewaiter_aws::operator::Stack {
    async fn repositories(&self) -> Result<Vec<Repository>> {
        Ok(Self::repositories(self).await?)
    }

    async fn queued_count(&self, repository: &Repository) -> Result<u64> {
        use tidewaiter_pipeline::ports::State;
        Ok(self.state().queued(repository, usize::MAX).await?.len() as u64)
    }

    async fn untaken(&self, repositories: &[Repository]) -> Result<Looked<Untaken>> {
        let mut untaken = Vec::new();
        for repository in repositories {
            for one in Self::untaken(self, repository).await? {
                let tidewaiter_aws::operator::Untaken { file, bytes, changed } = one;
                // An object is there as a whole or not at all.
                let unfinished = false;
                untaken.push(Untaken { repository: repository.clone(), file, bytes, changed, unfinished });
            }
        }
        Ok(Looked { found: untaken, failures: Vec::new() })
    }

    /// What could not be registered lies in the drop zone.
    async fn unregistered(&self) -> Result<Looked<DroppedObject>> {
        Ok(Looked { found: Vec::new(), failures: Vec::new() })
    }

    async fn strays(&self) -> Result<Vec<String>> {
        let keys = Self::strays(self).await?;
        Ok(keys.into_iter().map(|key| format!("{SCHEME}{}/{key}", self.bucket())).collect())
    }

    /// As far as one may ask: that somebody may not is no reason to show nothing at all.
    async fn dead_letters(&self) -> Vec<(&'static str, u64)> {
        let mut counts = Vec::new();
        for function in tidewaiter_aws::operator::tags::Function::ALL {
            let Ok(letters) = Self::dead_letters(self, function) else { continue };
            if let Ok(count @ 1..) = letters.count().await {
                counts.push((function.as_str(), count));
            }
        }
        counts
    }

    /// Whatever runs is in the hands of a function, or of the next reconciliation.
    fn is_at_work(&self, running: bool) -> Option<bool> {
        Some(running)
    }
}

/// A deployment that was opened.
pub(crate) enum Opened {
    /// A folder.
    Folder(Box<Local>),
    /// A deployed stack.
    #[cfg(feature = "aws")]
    Stack(Box<tidewaiter_aws::operator::Stack>),
}

/// Does the same with a deployment of either kind.
macro_rules! with_deployed {
    ($opened:expr, $deployed:ident => $do:expr) => {
        match $opened {
            $crate::deployed::Opened::Folder($deployed) => {
                let $deployed = &*$deployed;
                $do
            }
            #[cfg(feature = "aws")]
            $crate::deployed::Opened::Stack($deployed) => {
                let $deployed = &*$deployed;
                $do
            }
        }
    };
}
pub(crate) use with_deployed;

/// The address of a deployed stack: its bucket, and a repository in it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) bucket: String,
    pub(crate) repository: Option<Repository>,
}

impl Address {
    /// The address that a path is; None if it is a folder.
    pub(crate) fn of(path: &Path) -> Result<Option<Self>> {
        let Some(address) = path.to_str().and_then(|text| text.strip_prefix(SCHEME)) else { return Ok(None) };
        let bad = |why: String| Error::Address { address: path.to_owned(), why };
        let (bucket, repository) = match address.trim_end_matches('/').split_once('/') {
            None => (address.trim_end_matches('/'), None),
            Some((bucket, repository)) => (bucket, Some(repository.parse().map_err(bad)?)),
        };
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if bucket.is_empty() || !bucket.chars().all(fits) {
            return Err(bad(format!("`{bucket}` is not the name of a bucket")));
        }
        Ok(Some(Self { bucket: bucket.to_owned(), repository }))
    }
}

/// Opens what is there, a folder or a stack, to look at it.
pub(crate) async fn look(dir: &Path) -> Result<Opened> {
    match Address::of(dir)? {
        None => Ok(Opened::Folder(Box::new(crate::commands::look(dir)?))),
        Some(address) => stack(dir, &address).await,
    }
}

/// Opens what is there, a folder or a stack, to change its state.
pub(crate) async fn open(dir: &Path) -> Result<Opened> {
    match Address::of(dir)? {
        None => Ok(Opened::Folder(Box::new(crate::commands::open(dir)?))),
        Some(address) => stack(dir, &address).await,
    }
}

#[cfg(feature = "aws")]
async fn stack(_dir: &Path, address: &Address) -> Result<Opened> {
    Ok(Opened::Stack(Box::new(tidewaiter_aws::operator::Stack::of_bucket(&address.bucket).await?)))
}

#[cfg(not(feature = "aws"))]
#[expect(clippy::unused_async, reason = "with the feature it asks AWS")]
async fn stack(dir: &Path, _address: &Address) -> Result<Opened> {
    Err(Error::WithoutAws(dir.to_owned()))
}

/// The repository that is asked for: by the address of a stack, or by an option.
pub(crate) fn asked(dir: &Path, named: Option<Repository>) -> Result<Option<Repository>> {
    let by_address = Address::of(dir)?.and_then(|address| address.repository);
    match (by_address, named) {
        (Some(one), Some(other)) if one != other => {
            Err(Error::TwoRepositories { address: dir.to_owned(), named: other.to_string() })
        }
        (one, other) => Ok(one.or(other)),
    }
}

/// Refuses the address of a stack for a command that is for folders, and says what there is in its place.
pub(crate) fn only_folders(dir: &Path, what: &'static str, instead: Option<&str>) -> Result<()> {
    let Some(address) = Address::of(dir)? else { return Ok(()) };
    let instead = instead.map(|text| text.replace("BUCKET", &address.bucket));
    Err(Error::OnlyFolders { address: PathBuf::from(dir), what, instead })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Result<Option<(String, Option<String>)>> {
        let found = Address::of(Path::new(text))?;
        Ok(found.map(|one| (one.bucket, one.repository.map(|repository| repository.to_string()))))
    }

    #[test]
    fn a_stack_is_told_from_a_folder() {
        for folder in ["drop", "./s3://x", "/s3", "s3", "s3:/x"] {
            assert_eq!(address(folder).unwrap(), None, "{folder}");
        }
        let bucket = "landing".to_owned();
        assert_eq!(address("s3://landing").unwrap(), Some((bucket.clone(), None)));
        assert_eq!(address("s3://landing/").unwrap(), Some((bucket.clone(), None)));
        assert_eq!(address("s3://landing/acme/").unwrap(), Some((bucket, Some("acme".to_owned()))));
        for bad in ["s3://", "s3:///acme", "s3://a b", "s3://landing/a/b", "s3://landing/..", "s3://x?y"] {
            assert!(matches!(address(bad), Err(Error::Address { .. })), "{bad}");
        }
    }

    #[test]
    fn one_repository_is_asked_for() {
        let acme = Some("acme".parse().unwrap());
        let stack = Path::new("s3://landing/acme");
        assert_eq!(asked(stack, None).unwrap(), acme);
        assert_eq!(asked(stack, acme.clone()).unwrap(), acme);
        assert_eq!(asked(Path::new("drop"), acme.clone()).unwrap(), acme);
        assert!(asked(stack, Some("globex".parse().unwrap())).is_err());
    }
}

//! A deployment that is open: a folder or a stack, behind one set of questions.
//!
//! What the answers need beside the ports is [`Deployed`]. They are written over it once, so that both kinds of
//! deployment are told in the same words.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use tidewaiter::id::Timestamp;
use tidewaiter::keys::Repository;
use tidewaiter::name::Entry;
use tidewaiter_engine::capabilities::{
    Clock, HasConfigCache, HasDecryptionKeys, HasObjects, HasRecords, HasState, Keys,
};
use tidewaiter_engine::ports::{
    ConfigStore, DroppedObject, Exports, GroupQueue, KeyClaims, Outbox, QueryStates, RunLedger, Untaken,
};
use tidewaiter_folder::{Local, Looked};

use crate::{Error, Location, Result, StackAddress};

/// What is asked of a deployment beside the ports.
pub(crate) trait Deployed:
    HasObjects
    + HasState<State: RunLedger + GroupQueue + KeyClaims + Outbox + ConfigStore + QueryStates>
    + HasConfigCache
    + HasRecords<Records: Exports>
    + Clock
{
    /// All repositories, in their order.
    async fn repositories(&self) -> Result<Vec<Repository>>;
    /// How many data files of a repository are ready, with the one in hand.
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
    /// The keys for encrypted files, if those who ask may have them: an operator who looks at a stack may not.
    async fn decryption_keys(&self) -> Result<Option<Arc<Keys>>> {
        Ok(None)
    }
    /// Finds out whether anything reads queries here. A folder does.
    fn reads_queries(&self) -> Result<()> {
        Ok(())
    }
    /// Asks the process that reads queries to look at one at once. A process of a folder looks by itself.
    async fn ask_for_fetch(&self, _repository: &Repository, _entry: &Entry) -> Result<()> {
        Ok(())
    }
    /// True if a process works in a repository in which something is `running`; None if that cannot be told.
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

    async fn decryption_keys(&self) -> Result<Option<Arc<Keys>>> {
        Ok(HasDecryptionKeys::decryption_keys(self).await?)
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
        Ok(self.state().queued(repository, usize::MAX).await?.len() as u64)
    }

    async fn untaken(&self, repositories: &[Repository]) -> Result<Looked<Untaken>> {
        let mut untaken = Vec::new();
        for repository in repositories {
            untaken.extend(Self::untaken(self, repository).await?);
        }
        Ok(Looked { found: untaken, failures: Vec::new() })
    }

    /// What could not be registered lies in the drop zone.
    async fn unregistered(&self) -> Result<Looked<DroppedObject>> {
        Ok(Looked { found: Vec::new(), failures: Vec::new() })
    }

    async fn strays(&self) -> Result<Vec<String>> {
        let keys = Self::strays(self).await?;
        Ok(keys
            .into_iter()
            .map(|key| format!("{}{}/{key}", crate::location::SCHEME, self.bucket()))
            .collect())
    }

    /// As far as the operator may ask: a missing permission is no reason to show nothing at all.
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

    fn reads_queries(&self) -> Result<()> {
        let has_fetch = self.has(tidewaiter_aws::operator::tags::Function::Fetch);
        has_fetch.then_some(()).ok_or_else(|| Error::NoFetch(self.bucket().to_owned()))
    }

    async fn ask_for_fetch(&self, repository: &Repository, entry: &Entry) -> Result<()> {
        Ok(Self::ask_for_fetch(self, repository, entry).await?)
    }

    /// Whatever runs is in the hands of a function, or of the next reconciliation.
    fn is_at_work(&self, running: bool) -> Option<bool> {
        Some(running)
    }
}

/// A deployment that is open.
pub enum Deployment {
    /// A folder.
    Folder(Box<Local>),
    /// A deployed stack.
    #[cfg(feature = "aws")]
    Stack(Box<tidewaiter_aws::operator::Stack>),
}

impl fmt::Debug for Deployment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Deployment").field(&self.name()).finish()
    }
}

/// Does the same with a deployment of either kind.
macro_rules! with_deployed {
    ($deployment:expr, $deployed:ident => $do:expr) => {
        match $deployment {
            $crate::deployment::Deployment::Folder($deployed) => {
                let $deployed = &**$deployed;
                $do
            }
            #[cfg(feature = "aws")]
            $crate::deployment::Deployment::Stack($deployed) => {
                let $deployed = &**$deployed;
                $do
            }
        }
    };
}
pub(crate) use with_deployed;

impl Deployment {
    /// Opens a deployment to look at it. Nothing is written, so nothing need be writable.
    ///
    /// # Errors
    /// If there is none, or it cannot be read; [`Error::WithoutAws`] for a stack without the feature `aws`.
    pub async fn look(location: &Location) -> Result<Self> {
        match location {
            Location::Folder(dir) => {
                is_deployment(dir)?;
                Ok(Self::Folder(Box::new(Local::look(dir)?)))
            }
            Location::Stack(address) => Self::stack(address).await,
        }
    }

    /// Opens a deployment to change its state.
    ///
    /// # Errors
    /// As [`look`](Self::look), and if a process works on the folder.
    pub async fn open(location: &Location) -> Result<Self> {
        match location {
            Location::Folder(dir) => Ok(Self::Folder(Box::new(open_folder(dir)?))),
            Location::Stack(address) => Self::stack(address).await,
        }
    }

    #[cfg(feature = "aws")]
    async fn stack(address: &StackAddress) -> Result<Self> {
        Ok(Self::Stack(Box::new(tidewaiter_aws::operator::Stack::of_bucket(&address.bucket).await?)))
    }

    #[cfg(not(feature = "aws"))]
    #[expect(clippy::unused_async, reason = "with the feature it asks AWS")]
    async fn stack(address: &StackAddress) -> Result<Self> {
        Err(Error::WithoutAws(address.text.clone()))
    }

    /// Makes sure that its records can be read here.
    ///
    /// # Errors
    /// [`Error::RecordsInPostgres`] of a stack that keeps them there: its database is in a network of its own, usually, and
    /// has logins of its own for people.
    pub(crate) fn has_records(&self) -> Result<()> {
        match self {
            Self::Folder(_) => Ok(()),
            #[cfg(feature = "aws")]
            Self::Stack(stack) if stack.has_records_in_postgres() => {
                Err(Error::RecordsInPostgres(self.name()))
            }
            #[cfg(feature = "aws")]
            Self::Stack(_) => Ok(()),
        }
    }

    /// The folder, if it is one.
    pub fn folder(&self) -> Option<&Local> {
        match self {
            Self::Folder(local) => Some(local),
            #[cfg(feature = "aws")]
            Self::Stack(_) => None,
        }
    }

    /// All repositories, by name.
    ///
    /// # Errors
    /// If the deployment cannot be read.
    pub async fn repositories(&self) -> Result<Vec<Repository>> {
        with_deployed!(self, deployed => Deployed::repositories(deployed).await)
    }

    /// The folder, or the address of the stack.
    pub fn name(&self) -> String {
        match self {
            Self::Folder(local) => local.root().display().to_string(),
            #[cfg(feature = "aws")]
            Self::Stack(stack) => format!("{}{}", crate::location::SCHEME, stack.bucket()),
        }
    }

    /// The time, as the deployment has it: what [`text::ago`](crate::text::ago) counts from.
    pub fn now(&self) -> Timestamp {
        with_deployed!(self, deployed => deployed.now())
    }
}

/// Opens the deployment in a folder to work on it.
///
/// # Errors
/// If there is none, or a process works on it.
pub fn open_folder(dir: &Path) -> Result<Local> {
    is_deployment(dir)?;
    Ok(Local::open(dir)?)
}

pub(crate) fn is_deployment(dir: &Path) -> Result<()> {
    if !dir.is_dir() {
        return Err(Error::NoFolder(dir.to_owned()));
    }
    if !dir.join("imports").is_dir() {
        return Err(Error::NotADeployment(dir.to_owned()));
    }
    Ok(())
}

/// The repositories that are asked for: the one that is named, or all.
pub(crate) async fn repositories(
    deployed: &impl Deployed,
    named: Option<&Repository>,
) -> Result<Vec<Repository>> {
    let known = Deployed::repositories(deployed).await?;
    match named {
        None => Ok(known),
        Some(name) if known.contains(name) => Ok(vec![name.clone()]),
        Some(name) => Err(Error::NoRepository {
            name: name.to_string(),
            known: known.iter().map(ToString::to_string).collect(),
        }),
    }
}

/// The one repository that is asked for: the one that is named, or the only one.
pub(crate) async fn one_repository(
    deployment: &Deployment,
    deployed: &impl Deployed,
    named: Option<&Repository>,
) -> Result<Repository> {
    let known = repositories(deployed, named).await?;
    match <[Repository; 1]>::try_from(known) {
        Ok([repository]) => Ok(repository),
        Err(known) => {
            let known = known.iter().map(ToString::to_string).collect();
            Err(Error::WhichRepository { deployment: deployment.name(), known })
        }
    }
}

/// Refuses a repository that is not there. None names none, and is never refused.
pub(crate) async fn is_known(deployed: &impl Deployed, named: Option<&Repository>) -> Result<()> {
    if named.is_some() {
        repositories(deployed, named).await?;
    }
    Ok(())
}

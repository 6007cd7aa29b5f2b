//! For which repository something is done.

use tidewaiter::keys::Repository;

tokio::task_local! {
    static REPOSITORY: Option<Repository>;
}

/// Does something for one repository: what it commits relies on no files of another one. Without a repository it may
/// rely on all.
pub async fn on_behalf_of<T>(repository: Option<Repository>, work: impl Future<Output = T>) -> T {
    // On the heap: the futures of the use cases are large.
    REPOSITORY.scope(repository, Box::pin(work)).await
}

/// The repository that the current task works for, if it works for one alone.
pub fn behalf() -> Option<Repository> {
    REPOSITORY.try_with(Clone::clone).ok().flatten()
}

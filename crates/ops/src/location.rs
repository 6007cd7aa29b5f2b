//! Where a deployment is: a folder, or a deployed stack by the address of its bucket.

use std::fmt;
use std::path::{Path, PathBuf};

use tidewaiter::keys::Repository;

use crate::{Error, Result};

/// What the addresses of stacks begin with.
pub(crate) const SCHEME: &str = "s3://";

/// Where a deployment is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// The folder that holds `imports/`.
    Folder(PathBuf),
    /// A deployed stack.
    Stack(StackAddress),
}

/// The address of a deployed stack: its bucket, and a repository in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StackAddress {
    /// The address as it was written, such as `s3://bucket/repository`.
    pub text: PathBuf,
    /// The name of the bucket.
    pub bucket: String,
    /// The repository that the address names.
    pub repository: Option<Repository>,
}

impl Location {
    /// The location that a path is: `s3://bucket` or `s3://bucket/repository` is that of a stack, and every other one that
    /// of a folder. Nothing is opened.
    ///
    /// # Errors
    /// [`Error::Address`] if it begins as the address of a stack does, and is none.
    pub fn of(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        let Some(address) = path.to_str().and_then(|text| text.strip_prefix(SCHEME)) else {
            return Ok(Self::Folder(path));
        };
        let bad = |why: String| Error::Address { address: path.clone(), why };
        let (bucket, repository) = match address.trim_end_matches('/').split_once('/') {
            None => (address.trim_end_matches('/'), None),
            Some((bucket, repository)) => (bucket, Some(repository.parse().map_err(bad)?)),
        };
        let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if bucket.is_empty() || !bucket.chars().all(fits) {
            return Err(bad(format!("`{bucket}` is not the name of a bucket")));
        }
        let bucket = bucket.to_owned();
        Ok(Self::Stack(StackAddress { text: path, bucket, repository }))
    }

    /// The location as it was written.
    pub fn path(&self) -> &Path {
        match self {
            Self::Folder(path) => path,
            Self::Stack(address) => &address.text,
        }
    }

    /// The repository that is asked for: by the address of a stack, or `named` beside it. None if all are.
    ///
    /// # Errors
    /// [`Error::TwoRepositories`] if both name one, and not the same.
    pub fn repository(&self, named: Option<Repository>) -> Result<Option<Repository>> {
        let by_address = match self {
            Self::Folder(_) => None,
            Self::Stack(address) => address.repository.clone(),
        };
        match (by_address, named) {
            (Some(one), Some(other)) if one != other => {
                Err(Error::TwoRepositories { address: self.path().to_owned(), named: other.to_string() })
            }
            (one, other) => Ok(one.or(other)),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path().display().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(text: &str) -> Result<Option<(String, Option<String>)>> {
        Ok(match Location::of(text)? {
            Location::Folder(_) => None,
            Location::Stack(one) => Some((one.bucket, one.repository.map(|one| one.to_string()))),
        })
    }

    #[test]
    fn a_stack_is_told_from_a_folder() {
        for folder in ["drop", "./s3://x", "/s3", "s3", "s3:/x"] {
            assert_eq!(stack(folder).unwrap(), None, "{folder}");
        }
        let bucket = "landing".to_owned();
        assert_eq!(stack("s3://landing").unwrap(), Some((bucket.clone(), None)));
        assert_eq!(stack("s3://landing/").unwrap(), Some((bucket.clone(), None)));
        assert_eq!(stack("s3://landing/acme/").unwrap(), Some((bucket, Some("acme".to_owned()))));
        for bad in ["s3://", "s3:///acme", "s3://a b", "s3://landing/a/b", "s3://landing/..", "s3://x?y"] {
            assert!(matches!(stack(bad), Err(Error::Address { .. })), "{bad}");
        }
    }

    #[test]
    fn one_repository_is_asked_for() {
        let acme: Option<Repository> = Some("acme".parse().unwrap());
        let stack = Location::of("s3://landing/acme").unwrap();
        assert_eq!(stack.repository(None).unwrap(), acme);
        assert_eq!(stack.repository(acme.clone()).unwrap(), acme);
        assert_eq!(Location::of("drop").unwrap().repository(acme.clone()).unwrap(), acme);
        assert!(stack.repository(Some("globex".parse().unwrap())).is_err());
    }
}

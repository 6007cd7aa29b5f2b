//! A bucket that keeps versions: what S3 does with single requests, each of which is atomic.

use std::collections::BTreeMap;

use bytes::Bytes;

/// One version of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// Its id, unlike any other.
    pub id: String,
    /// Its content; None if it says that the key was deleted.
    pub body: Option<Bytes>,
    /// Changes when the content does.
    pub tag: String,
    /// When it was written, in milliseconds since 1970.
    pub at: i64,
}

impl Version {
    /// The number in its id: the later, the greater.
    pub fn number(&self) -> u64 {
        number(Some(&self.id))
    }
}

/// The number in the id of a version.
pub(crate) fn number(id: Option<&str>) -> u64 {
    id.and_then(|id| id.strip_prefix('v')?.parse().ok()).unwrap_or(0)
}

/// Why a request was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// There is no such object.
    NotFound,
    /// The condition of the request does not hold.
    Condition,
}

/// The objects, each key with its versions, the current one last.
#[derive(Debug, Default)]
pub struct Bucket {
    /// Its clock, in milliseconds since 1970.
    pub now: i64,
    keys: BTreeMap<String, Vec<Version>>,
    written: u64,
}

impl Bucket {
    /// An empty one at this time.
    pub fn begun(now: i64) -> Self {
        Self { now, ..Self::default() }
    }

    /// A version of a key, or the current one.
    pub fn get(&self, key: &str, version: Option<&str>) -> Result<&Version, Refused> {
        let versions = self.keys.get(key).ok_or(Refused::NotFound)?;
        let found = match version {
            Some(id) => versions.iter().find(|version| version.id == id),
            None => versions.last(),
        };
        found.filter(|version| version.body.is_some()).ok_or(Refused::NotFound)
    }

    /// The content of a version of a key, or of the current one.
    pub fn content(&self, key: &str, version: Option<&str>) -> Option<Bytes> {
        self.get(key, version).ok().and_then(|version| version.body.clone())
    }

    /// Writes a new version; its id. With `if_none`, only where nothing is.
    pub fn put(&mut self, key: &str, body: Bytes, if_none: bool) -> Result<String, Refused> {
        if if_none && self.get(key, None).is_ok() {
            return Err(Refused::Condition);
        }
        Ok(self.put_version(key, body))
    }

    /// Writes a new version where the current one has this tag; its id.
    pub fn put_over(&mut self, key: &str, tag: &str, body: Bytes) -> Result<String, Refused> {
        if self.get(key, None)?.tag != tag {
            return Err(Refused::Condition);
        }
        Ok(self.put_version(key, body))
    }

    fn put_version(&mut self, key: &str, body: Bytes) -> String {
        self.written += 1;
        let id = format!("v{}", self.written);
        let tag = tag(&body);
        let version = Version { id: id.clone(), body: Some(body), tag, at: self.now };
        self.keys.entry(key.to_owned()).or_default().push(version);
        id
    }

    /// Copies a version; with `if_match`, only one with this tag.
    pub fn copy(
        &mut self,
        key: &str,
        version: Option<&str>,
        if_match: Option<&str>,
        to: &str,
    ) -> Result<(), Refused> {
        let from = self.get(key, version)?;
        if if_match.is_some_and(|tag| tag != from.tag) {
            return Err(Refused::Condition);
        }
        let body = from.body.clone().ok_or(Refused::NotFound)?;
        self.put(to, body, false).map(|_| ())
    }

    /// Deletes a version for good; without one, hides the key.
    pub fn delete(&mut self, key: &str, version: Option<&str>) {
        let Some(versions) = self.keys.get_mut(key) else { return };
        if let Some(id) = version {
            versions.retain(|version| version.id != id);
        } else {
            self.written += 1;
            let id = format!("v{}", self.written);
            versions.push(Version { id, body: None, tag: String::new(), at: self.now });
        }
        if versions.is_empty() {
            self.keys.remove(key);
        }
    }

    /// All versions of the keys that begin so, with their keys.
    pub fn versions<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a Version)> {
        let from = self.keys.range(prefix.to_owned()..);
        let of = from.take_while(move |(key, _)| key.starts_with(prefix));
        let of = of.flat_map(|(key, versions)| versions.iter().map(move |version| (key.as_str(), version)));
        of.filter(|(_, version)| version.body.is_some())
    }

    /// The keys that begin so and hold something, with their current versions.
    pub fn current<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a Version)> {
        let from = self.keys.range(prefix.to_owned()..);
        let of = from.take_while(move |(key, _)| key.starts_with(prefix));
        of.filter_map(|(key, versions)| {
            versions.last().filter(|version| version.body.is_some()).map(|version| (key.as_str(), version))
        })
    }
}

fn tag(body: &[u8]) -> String {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    body.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

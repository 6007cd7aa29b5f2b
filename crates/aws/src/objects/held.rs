//! The small object that was read last.
//!
//! A small file is read once, checked and loaded, and moved to its place. S3 has no move. A write can be made on the
//! condition that nothing lies at the target, a copy not everywhere: so who still has the bytes writes them, and need
//! not ask before.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use bytes::Bytes;
use tidewaiter_engine::ports::Source;

/// What is larger is copied on the side of S3.
const MOST_BYTES: usize = 1 << 20;

/// What S3 says of an object beside its bytes, as far as a copy of it has the same.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Described {
    pub(super) content_type: Option<String>,
    pub(super) content_encoding: Option<String>,
    pub(super) content_disposition: Option<String>,
    pub(super) content_language: Option<String>,
    pub(super) cache_control: Option<String>,
    pub(super) metadata: Option<HashMap<String, String>>,
    /// It has something that a read does not tell: tags.
    has_more: bool,
}

impl Described {
    /// Nothing but its type.
    pub(super) fn of_type(content_type: &str) -> Self {
        Self { content_type: Some(content_type.to_owned()), ..Self::default() }
    }

    pub(super) fn of(found: &GetObjectOutput) -> Self {
        Self {
            content_type: found.content_type.clone(),
            content_encoding: found.content_encoding.clone(),
            content_disposition: found.content_disposition.clone(),
            content_language: found.content_language.clone(),
            cache_control: found.cache_control.clone(),
            metadata: found.metadata.clone(),
            has_more: found.tag_count.is_some_and(|count| count > 0),
        }
    }
}

/// The object that was read last, if it is small and was read from its beginning.
#[derive(Debug, Clone, Default)]
pub(super) struct Held(Arc<Mutex<Option<(Source, Bytes, Described)>>>);

impl Held {
    pub(super) fn keep(&self, source: &Source, start: u64, bytes: &Bytes, described: Described) {
        if start == 0 && bytes.len() <= MOST_BYTES && !described.has_more {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) =
                Some((source.clone(), bytes.clone(), described));
        }
    }

    /// What is held of this object, if that is all of its `bytes`. It is not held any more.
    pub(super) fn take(&self, source: &Source, bytes: u64) -> Option<(Bytes, Described)> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        held.take_if(|(of, content, _)| of == source && content.len() as u64 == bytes)
            .map(|(_, content, described)| (content, described))
    }
}

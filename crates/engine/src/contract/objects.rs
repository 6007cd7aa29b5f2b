//! What an object store promises.

use std::io::{Read, Seek, SeekFrom};

use bytes::Bytes;
use tidewaiter::keys::{Key, Place};

use super::{id, repository};
use crate::ports::{Objects, Source, Upload};
use crate::{Error, Result};

/// Puts an object store through everything it promises. It is to be empty.
pub async fn objects<O: Objects>(objects: &O) -> Result<()> {
    reads_what_was_put(objects).await?;
    an_upload_is_seen_whole_or_not_at_all(objects).await?;
    what_another_import_left_is_kept(objects).await?;
    a_move_can_be_repeated(objects).await?;
    lists_keys_in_order(objects).await?;
    replaces_without_a_gap(objects).await?;
    knows_who_has_a_configuration(objects).await?;
    finds_no_configuration_in_an_empty_drop_zone(objects).await
}

fn key(place: Place, file: &str) -> Key {
    Key::placed(place, &repository("contract"), file)
}

async fn content<O: Objects>(objects: &O, key: &Key) -> Result<Bytes> {
    objects.read(&objects.source(key), 0..1_000).await
}

async fn is_absent<O: Objects>(objects: &O, key: &Key) -> bool {
    matches!(content(objects, key).await, Err(Error::NotFound { .. }))
}

async fn reads_what_was_put<O: Objects>(objects: &O) -> Result<()> {
    let key = key(Place::Logs, "a b+%é.log");
    let source = objects.source(&key);
    assert!(is_absent(objects, &key).await, "an object that is not there is NotFound");
    assert!(matches!(objects.stat(&source).await, Err(Error::NotFound { .. })));
    objects.put(&key, Bytes::from_static(b"0123456789")).await?;
    assert_eq!(content(objects, &key).await?, "0123456789");
    assert_eq!(objects.read(&source, 2..5).await?, "234");
    assert_eq!(objects.read(&source, 8..50).await?, "89", "a range ends where the object does");
    assert_eq!(objects.read(&source, 10..50).await?, "", "behind the end there is nothing");
    let before = objects.stat(&source).await?;
    assert_eq!(before.bytes, 10);

    let mut reader = objects.open(&source)?;
    let read = tokio::task::spawn_blocking(move || {
        let (mut end, mut start) = (String::new(), [0; 2]);
        reader.seek(SeekFrom::End(-3))?;
        reader.read_to_string(&mut end)?;
        reader.seek(SeekFrom::Start(1))?;
        reader.read_exact(&mut start)?;
        reader.seek(SeekFrom::Current(2))?;
        let mut middle = [0; 2];
        reader.read_exact(&mut middle)?;
        Ok((end, start, middle))
    });
    let read = read.await.map_err(|e| Error::Task(e.to_string()))?;
    let read = read.map_err(|e| Error::object(key.as_str(), e))?;
    assert_eq!(read, ("789".to_owned(), *b"12", *b"56"), "a reader can be moved about");

    objects.put(&key, Bytes::from_static(b"again, and longer")).await?;
    assert_eq!(content(objects, &key).await?, "again, and longer", "our own object can be written again");
    assert_ne!(objects.stat(&source).await?.tag, before.tag, "another content has another tag");
    assert!(!objects.put_new(&key, Bytes::from_static(b"new")).await?, "it is there");
    assert_eq!(content(objects, &key).await?, "again, and longer", "what is there stays");
    let free = self::key(Place::Logs, "new.log");
    assert!(objects.put_new(&free, Bytes::from_static(b"new")).await?);
    assert_eq!(content(objects, &free).await?, "new");
    Ok(())
}

async fn an_upload_is_seen_whole_or_not_at_all<O: Objects>(objects: &O) -> Result<()> {
    let key = key(Place::Badlines, "upload.csv");
    let mut upload = objects.create(&key).await?;
    upload.write(Bytes::from_static(b"one;")).await?;
    assert!(is_absent(objects, &key).await, "nothing is seen before the upload is finished");
    upload.write(Bytes::from_static(b"two")).await?;
    upload.finish().await?;
    assert_eq!(content(objects, &key).await?, "one;two");

    let mut dropped = objects.create(&key).await?;
    dropped.write(Bytes::from_static(b"half")).await?;
    drop(dropped);
    assert_eq!(content(objects, &key).await?, "one;two", "an upload that is dropped leaves nothing");

    // Over what was seen there, and nothing else.
    let tag = objects.stat(&objects.source(&key)).await?.tag;
    let older = key.renamed(id(5));
    for (over, is_so) in [(None, false), (Some(tag.as_str()), true), (Some(tag.as_str()), false)] {
        let mut upload = objects.create(&key).await?;
        upload.write(Bytes::from_static(b"three")).await?;
        let finished = upload.finish_over(over, Some(&older)).await;
        assert!(if is_so { finished.is_ok() } else { matches!(finished, Err(Error::Changed { .. })) });
        let expected = if is_so || content(objects, &older).await.is_ok() { "three" } else { "one;two" };
        assert_eq!(content(objects, &key).await?, expected);
    }
    assert_eq!(content(objects, &older).await?, "one;two");
    let mut upload = objects.create(&key.renamed(id(6))).await?;
    upload.write(Bytes::from_static(b"new")).await?;
    upload.finish_over(None, Some(&older)).await?;
    assert_eq!(content(objects, &key.renamed(id(6))).await?, "new");
    Ok(())
}

async fn what_another_import_left_is_kept<O: Objects>(objects: &O) -> Result<()> {
    let key = key(Place::Badlines, "acme_contacts_crm_20260101.csv");
    let older = key.renamed(id(1));
    objects.put(&key, Bytes::from_static(b"first")).await?;
    for _ in 0..2 {
        let tag = objects.stat(&objects.source(&key)).await?.tag;
        objects.put_over(&key, &tag, Bytes::from_static(b"second"), Some(&older)).await?;
        assert_eq!(content(objects, &key).await?, "second");
    }
    assert_eq!(content(objects, &older).await?, "first", "the first content is kept");
    // The same if it is to be what was seen there.
    let source = objects.source(&key);
    let (tag, other) = (objects.stat(&source).await?.tag, key.renamed(id(4)));
    objects.put_over(&key, &tag, Bytes::from_static(b"seen"), Some(&other)).await?;
    assert_eq!(content(objects, &key).await?, "seen");
    assert_eq!(content(objects, &other).await?, "second");
    let late = objects.put_over(&key, &tag, Bytes::from_static(b"late"), Some(&other)).await;
    assert!(matches!(late, Err(Error::Changed { .. })), "what was seen is not there any more: {late:?}");
    assert_eq!(content(objects, &key).await?, "seen");
    let tag = objects.stat(&source).await?.tag;
    objects.put_over(&key, &tag, Bytes::from_static(b"second"), None).await?;
    // The same for a file that is moved there.
    let from = Key::unpacked(&repository("contract"), id(3), "x.csv");
    let oldest = key.renamed(id(2));
    objects.put(&from, Bytes::from_static(b"third")).await?;
    for _ in 0..2 {
        objects.relocate(&objects.source(&from), 1, &key, Some(&oldest)).await?;
        assert_eq!(content(objects, &key).await?, "third");
    }
    assert_eq!(content(objects, &oldest).await?, "second");
    assert_eq!(content(objects, &older).await?, "first");
    Ok(())
}

async fn a_move_can_be_repeated<O: Objects>(objects: &O) -> Result<()> {
    let from = Key::unpacked(&repository("contract"), id(2), "x.csv");
    let to = key(Place::Archives, "x.csv");
    let source: Source = objects.source(&from);
    objects.put(&from, Bytes::from_static(b"content")).await?;
    for _ in 0..2 {
        objects.relocate(&source, 1, &to, None).await?;
        assert_eq!(content(objects, &to).await?, "content");
        assert!(is_absent(objects, &from).await, "a file is in one place");
    }
    let nowhere = objects.relocate(&source, 1, &key(Place::Archives, "y.csv"), None).await;
    assert!(matches!(nowhere, Err(Error::NotFound { .. })), "what is nowhere cannot be moved");

    objects.put(&from, Bytes::from_static(b"left behind")).await?;
    for _ in 0..2 {
        objects.discard(&from).await?;
        assert!(is_absent(objects, &from).await);
    }
    Ok(())
}

async fn lists_keys_in_order<O: Objects>(objects: &O) -> Result<()> {
    let repository = repository("contract");
    let prefix = Key::configs(&repository);
    assert_eq!(objects.list(&prefix).await?, []);
    let keys = ["a", "b", "c"].map(|universe| Key::config(&repository, universe));
    for key in keys.iter().rev() {
        objects.put(key, Bytes::from_static(b"{}")).await?;
    }
    let replaced = Key::replaced_config(&repository, "a", id(1));
    objects.put(&replaced, Bytes::from_static(b"{}")).await?;
    let listed = objects.list(&prefix).await?;
    assert_eq!(listed.iter().map(|one| &one.key).collect::<Vec<_>>(), keys.iter().collect::<Vec<_>>());
    assert_eq!(objects.list(&prefix).await?, listed, "nothing changed");
    objects.put(&keys[1], Bytes::from_static(b"{ }")).await?;
    let changed = objects.list(&prefix).await?;
    let same: Vec<bool> = changed.iter().zip(&listed).map(|(now, before)| now == before).collect();
    assert_eq!(
        same,
        [true, false, true],
        "a tag changes with the content, and what lies deeper is not listed"
    );
    Ok(())
}

async fn knows_who_has_a_configuration<O: Objects>(objects: &O) -> Result<()> {
    let before = objects.configured().await?;
    assert!(!before.contains(&repository("configured")));
    for (name, universe) in [("configured", "acme"), ("configured", "globex"), ("also-configured", "acme")] {
        let key = Key::config(&repository(name), universe);
        objects.put(&key, Bytes::from_static(b"{}")).await?;
    }
    // What else a repository has is no configuration.
    let log = Key::placed(Place::Archives, &repository("unconfigured"), "x.csv");
    objects.put(&log, Bytes::from_static(b"x")).await?;
    let mut found = objects.configured().await?;
    found.retain(|repository| !before.contains(repository));
    assert_eq!(found, ["also-configured", "configured"].map(repository), "each once, in their order");
    Ok(())
}

/// What was dropped is found by tests of each adapter: the ports have no way to drop anything.
async fn finds_no_configuration_in_an_empty_drop_zone<O: Objects>(objects: &O) -> Result<()> {
    assert_eq!(objects.dropped_configuration(&repository("contract"), "acme").await?, None);
    assert_eq!(objects.dropped_configurations(&repository("contract")).await?, []);
    Ok(())
}

/// What is replaced is kept, and there is something at the key whenever anybody looks.
async fn replaces_without_a_gap<O: Objects>(objects: &O) -> Result<()> {
    let repository = repository("replaced");
    let key = Key::config(&repository, "acme");
    objects.put(&key, Bytes::from_static(b"{}")).await?;
    for n in 1..4 {
        let tag = objects.stat(&objects.source(&key)).await?.tag;
        let (document, replaced) =
            (Bytes::from(format!("{{ {n} }}")), Key::replaced_config(&repository, "acme", id(n)));
        let before = content(objects, &key).await?;
        objects.put_over(&key, &tag, document.clone(), Some(&replaced)).await?;
        assert_eq!(content(objects, &key).await?, document);
        assert_eq!(content(objects, &replaced).await?, before);
    }
    Ok(())
}

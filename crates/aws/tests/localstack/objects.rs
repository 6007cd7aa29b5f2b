//! A bucket as an object store.

use std::io::Read;

use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use tidewaiter::keys::Place;
use tidewaiter_aws::CopySizes;
use tidewaiter_engine::ports::{Objects, Source, Upload};
use tidewaiter_engine::{Error, contract};

use crate::support::{TestBucket, key};

const MIB: usize = 1 << 20;

/// Bytes in which no two places are alike.
fn bytes(count: usize) -> Bytes {
    (0..count).map(|n| (n ^ (n >> 8) ^ (n >> 16)) as u8).collect()
}

#[tokio::test]
async fn a_bucket_is_an_object_store() {
    contract::objects(&TestBucket::new().await.objects()).await.unwrap();
}

#[tokio::test]
async fn a_large_upload_goes_in_parts_and_one_that_is_dropped_leaves_none() {
    let bucket = TestBucket::new().await;
    let objects = bucket.objects();
    let (to, content) = (key(Place::Badlines, "large.csv"), bytes(21 * MIB));
    let mut upload = objects.create(&to).await.unwrap();
    let mut late = objects.create(&to).await.unwrap();
    for piece in content.chunks(3 * MIB + 7) {
        upload.write(Bytes::copy_from_slice(piece)).await.unwrap();
        late.write(Bytes::from(vec![0; piece.len()])).await.unwrap();
    }
    assert!(matches!(objects.stat(&objects.source(&to)).await, Err(Error::NotFound { .. })));
    let older = to.renamed("01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap());
    upload.finish_over(None, Some(&older)).await.unwrap();
    let late = late.finish_over(None, Some(&older)).await;
    assert!(matches!(late, Err(Error::Changed { .. })), "it does not write over what came before: {late:?}");
    let found = bucket.client.head_object().bucket(&bucket.name).key(to.as_str()).send().await.unwrap();
    assert!(found.e_tag.unwrap().ends_with("-3\""), "it is of three parts");
    assert_eq!(found.content_type.as_deref(), Some("text/csv"));
    let whole = 0..content.len() as u64 + 1;
    assert!(objects.read(&objects.source(&to), whole).await.unwrap() == content);

    let mut dropped = objects.create(&key(Place::Badlines, "dropped.csv")).await.unwrap();
    dropped.write(bytes(9 * MIB)).await.unwrap();
    let under_way = || async {
        let listed = bucket.client.list_multipart_uploads().bucket(&bucket.name).send().await.unwrap();
        listed.uploads.unwrap_or_default().len()
    };
    assert_eq!(under_way().await, 1);
    drop(dropped);
    for _ in 0..100 {
        if under_way().await == 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("the parts of a dropped upload stay");
}

#[tokio::test]
async fn a_large_object_is_moved_in_parts() {
    let bucket = TestBucket::new().await;
    let sizes = CopySizes { whole: 6 * MIB as u64, part: 5 * MIB as u64 };
    let objects = bucket.objects().with_copy_sizes(sizes);
    // Everything in a key that is special in an address or a header.
    let from = key(Place::Bogus, "a +%20&?#=é数.csv");
    let (to, content) = (key(Place::Archives, "large.csv"), bytes(12 * MIB));
    objects.put(&from, content.clone()).await.unwrap();
    objects.relocate(&objects.source(&from), 1, &to, None).await.unwrap();
    assert!(objects.read(&objects.source(&to), 0..content.len() as u64).await.unwrap() == content);
    assert!(matches!(objects.stat(&objects.source(&from)).await, Err(Error::NotFound { .. })));
}

#[tokio::test]
async fn a_file_that_is_overwritten_while_it_waits_is_two_files() {
    let bucket = TestBucket::new().await;
    let objects = bucket.objects();
    let dropped = "imports/acme/x 1+.csv";
    let mut sources = Vec::new();
    for content in ["first", "second"] {
        let body = ByteStream::from_static(content.as_bytes());
        let put = bucket.client.put_object().bucket(&bucket.name).key(dropped).body(body).send().await;
        sources.push(Source { key: dropped.to_owned(), version: put.unwrap().version_id });
    }
    assert_eq!(objects.read(&sources[0], 0..100).await.unwrap(), "first");
    assert_eq!(objects.read(&sources[1], 0..100).await.unwrap(), "second");
    let (archives, older) = (key(Place::Archives, "x.csv"), key(Place::Archives, "x-older.csv"));
    for _ in 0..2 {
        objects.relocate(&sources[0], 1, &archives, None).await.unwrap();
        assert_eq!(objects.read(&sources[1], 0..100).await.unwrap(), "second", "the later one stays");
        assert!(matches!(objects.read(&sources[0], 0..100).await, Err(Error::NotFound { .. })));
    }
    for _ in 0..2 {
        objects.relocate(&sources[1], 1, &archives, Some(&older)).await.unwrap();
    }
    assert_eq!(objects.read(&objects.source(&archives), 0..100).await.unwrap(), "second");
    assert_eq!(objects.read(&objects.source(&older), 0..100).await.unwrap(), "first");
    let nothing = bucket.client.list_object_versions().bucket(&bucket.name).prefix("imports/").send().await;
    let nothing = nothing.unwrap();
    assert!(nothing.versions().is_empty() && nothing.delete_markers().is_empty(), "nothing is left behind");
}

#[tokio::test]
async fn an_archive_that_is_overwritten_while_it_is_read_is_not_mixed() {
    let objects = TestBucket::new().await.objects();
    let at = key(Place::Bogus, "x.zip");
    objects.put(&at, bytes(MIB)).await.unwrap();
    let mut reader = objects.open(&objects.source(&at)).unwrap();
    let (reader, start) = tokio::task::spawn_blocking(move || {
        let mut start = vec![0; 1_000];
        reader.read_exact(&mut start).unwrap();
        (reader, start)
    })
    .await
    .unwrap();
    assert!(start == bytes(1_000));
    objects.put(&at, Bytes::from_static(b"another")).await.unwrap();
    let mut reader = reader;
    let rest = tokio::task::spawn_blocking(move || reader.read_to_end(&mut Vec::new())).await.unwrap();
    assert!(rest.unwrap_err().to_string().contains("changed while it was being read"));
}

#[tokio::test]
async fn it_is_told_whether_a_bucket_keeps_versions_and_that_one_is_missing() {
    let bucket = TestBucket::new().await;
    assert!(bucket.objects().keeps_versions().await.unwrap());
    let nowhere = tidewaiter_aws::Bucket::new(bucket.client.clone(), "tidewaiter-nowhere");
    let put = nowhere.put(&key(Place::Logs, "x.log"), Bytes::new()).await;
    let error = put.unwrap_err();
    assert!(matches!(error, Error::Refused { .. }) && !error.is_transient(), "{error}");
    // HEAD says no more than 404: it might as well be the object that is missing.
    let read = nowhere.read(&nowhere.source(&key(Place::Logs, "x.log")), 0..1).await;
    assert!(matches!(read, Err(Error::Refused { .. })));
}

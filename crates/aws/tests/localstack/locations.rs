//! A database of locations in a bucket: it is read once, and told apart from what only an operator can fix.

use tidewaiter::record::Place;
use tidewaiter_aws::{LocationObject, LocationPlace};
use tidewaiter_engine::Error;

use crate::support::{TestBucket, config};

fn made(name: &str) -> Vec<u8> {
    let path = format!("{}/../location/tests/made/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read(path).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_is_read_once_and_what_is_wrong_with_it_needs_an_operator() {
    let config = config().await;
    assert!(LocationObject::new(&config, None).locator().await.unwrap().is_none(), "none is configured");

    let TestBucket { client: s3, name: bucket } = TestBucket::new().await;
    let key = "locations/places.mmdb".to_owned();
    let put = async |content: Vec<u8>| {
        s3.put_object().bucket(&bucket).key(&key).body(content.into()).send().await.unwrap();
    };
    let with = |most_bytes| {
        let place = LocationPlace { bucket: bucket.clone(), key: key.clone(), most_bytes };
        LocationObject::new(&config, Some(place))
    };
    let refused = async |most_bytes, told: &str| {
        let error = with(most_bytes).locator().await.unwrap_err();
        assert!(matches!(error, Error::Refused { .. }) && !error.is_transient(), "{error}");
        assert!(error.to_string().contains(&key) && error.to_string().contains(told), "{error}");
    };

    refused(u64::MAX, "it is not there").await;
    let whole = made("cities.mmdb");
    let bytes = whole.len() as u64;
    put(whole[..whole.len() / 2].to_vec()).await;
    refused(u64::MAX, "it is damaged").await;
    put(made("networks.mmdb")).await;
    refused(u64::MAX, "it holds neither countries nor cities").await;
    put(whole).await;
    refused(bytes - 1, "give validate more memory").await;

    let object = with(bytes);
    let marseille = Place { country: Some("FR".to_owned()), city: Some("Marseille".to_owned()) };
    let address = "192.0.2.1".parse().unwrap();
    assert_eq!(object.locator().await.unwrap().unwrap().locate(address), Some(marseille.clone()));
    put(Vec::new()).await;
    let kept = object.locator().await.unwrap().unwrap().locate(address);
    assert_eq!(kept, Some(marseille), "it is held as long as the process lives");
}

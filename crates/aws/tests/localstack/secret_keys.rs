//! Keys in a secret: they are read, kept, and told apart from what only an operator can fix.

use tidewaiter_aws::SecretKeys;
use tidewaiter_engine::Error;
use tidewaiter_tests::localstack;

use crate::support::config;

fn made(name: &str) -> String {
    let path = format!("{}/../pgp/tests/made/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_read_from_a_secret_and_what_is_wrong_with_it_needs_an_operator() {
    let config = config().await;
    let client = aws_sdk_secretsmanager::Client::new(&config);
    assert!(SecretKeys::new(&config, None).keys().await.unwrap().is_none(), "none is configured");

    let created = client.create_secret().name(localstack::unique("keys")).secret_string(made("ours.sec.asc"));
    let arn = created.send().await.unwrap().arn.unwrap();
    let secret = SecretKeys::new(&config, Some(arn.clone()));
    let names = secret.keys().await.unwrap().unwrap().names().to_vec();
    assert_eq!(names.len(), 1);
    client.put_secret_value().secret_id(&arn).secret_string("{}").send().await.unwrap();
    assert_eq!(secret.keys().await.unwrap().unwrap().names(), names, "they are kept for a while");

    for wrong in ["{}", &made("rotated.sec.asc"), &made("ours.pub.asc")] {
        client.put_secret_value().secret_id(&arn).secret_string(wrong).send().await.unwrap();
        let error = SecretKeys::new(&config, Some(arn.clone())).keys().await.unwrap_err();
        assert!(matches!(error, Error::Refused { .. }) && !error.is_transient(), "{error}");
        assert!(error.to_string().contains(&arn) && !error.to_string().contains("-----"), "{error}");
    }
    let gone = SecretKeys::new(&config, Some(arn.replace("secret:", "secret:no-"))).keys().await.unwrap_err();
    assert!(matches!(gone, Error::Refused { .. }), "{gone}");
}

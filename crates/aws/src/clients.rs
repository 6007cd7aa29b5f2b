//! The clients of the AWS services: made once, when a process starts.

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dynamodb::config::retry::{RetryConfig, RetryPartition};
use aws_sdk_s3::config::SharedHttpClient;
use aws_smithy_http_client::{Builder, tls};

/// Credentials, region and endpoint from the usual environment, and one HTTP client for all services.
///
/// `AWS_ENDPOINT_URL` leads everything to another place, such as LocalStack.
pub async fn environment() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::v2026_01_12()).http_client(http()).load().await
}

/// An HTTP client that all services share.
pub fn http() -> SharedHttpClient {
    let provider = tls::Provider::Rustls(tls::rustls_provider::CryptoMode::Ring);
    Builder::new().tls_provider(provider).build_https()
}

/// How often a request about records is sent, if the table takes no more at the moment.
const TRIES: u32 = 8;

/// A client of DynamoDB for records. It sends many requests, and fewer when the table says that it is too much; the
/// state, which is asked little, is not to wait for that.
pub fn records(config: &SdkConfig) -> aws_sdk_dynamodb::Client {
    let config = aws_sdk_dynamodb::config::Builder::from(config)
        .retry_config(RetryConfig::adaptive().with_max_attempts(TRIES))
        .retry_partition(RetryPartition::new("records"));
    aws_sdk_dynamodb::Client::from_conf(config.build())
}

/// A client of S3. At an endpoint of one's own the bucket is part of the path: names such as
/// `bucket.127.0.0.1` lead nowhere.
pub fn s3(config: &SdkConfig) -> aws_sdk_s3::Client {
    let own_endpoint = config.endpoint_url().is_some();
    aws_sdk_s3::Client::from_conf(
        aws_sdk_s3::config::Builder::from(config).force_path_style(own_endpoint).build(),
    )
}

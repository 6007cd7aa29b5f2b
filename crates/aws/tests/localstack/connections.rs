//! Connections in secrets: a repository gets its own, with the login as it is now.

use aws_sdk_secretsmanager::Client;
use tidewaiter_aws::{ConnectionsPlace, StackConnections};
use tidewaiter_connect::{Protection, Remote, Roots, Server};
use tidewaiter_engine::ports::{ConnectionError, Connections, Fault};
use tidewaiter_tests::localstack;

use crate::cloud::Cloud;
use crate::support::config;

async fn secret(client: &Client, text: &str) -> String {
    let created = client.create_secret().name(localstack::unique("connections")).secret_string(text);
    created.send().await.unwrap().arn.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_is_read_from_secrets_with_the_login_as_it_is_now() {
    let (config, cloud) = (config().await, Cloud::new().await);
    let client = Client::new(&config);
    cloud.put("trust/rds.pem", b"PEM").await;
    let login = secret(&client, r#"{ "username": "reader", "password": "first" }"#).await;
    let document = format!(
        r#"{{ "shop": {{ "engine": "postgres", "host": "db.example.org", "database": "shop", "max_reads": 2,
            "password_secret": "{login}", "certificates": "trust/rds.pem", "repositories": ["acme"] }} }}"#
    );
    let of_secret = |secret: &str| {
        let place =
            ConnectionsPlace { secret: Some(secret.to_owned()), bucket: cloud.bucket_name().to_owned() };
        StackConnections::new(&config, place)
    };
    let connections = of_secret(&secret(&client, &document).await);
    let (acme, globex) = ("acme".parse().unwrap(), "globex".parse().unwrap());
    assert_eq!(connections.max_reads("shop", &acme).await, Ok(2));
    for rotated in ["reader", "reader_clone"] {
        let text = format!(r#"{{ "username": "{rotated}", "password": "second" }}"#);
        client.put_secret_value().secret_id(&login).secret_string(text).send().await.unwrap();
        let Server::Postgres(Remote { login, protection, .. }) =
            connections.connection("shop", &acme).await.unwrap().server
        else {
            panic!("it is PostgreSQL")
        };
        assert_eq!(login.user, rotated);
        assert!(login.password.is_some());
        assert!(matches!(protection, Protection::Verified(Roots::Pem(pem)) if pem == b"PEM"));
    }
    let others = connections.connection("shop", &globex).await.unwrap_err();
    assert!(matches!(&others, ConnectionError::Unknown(_)), "{others}");

    // What only an operator can fix.
    let gone = document.replace("secret:", "secret:no-");
    let missing = document.replace("rds.pem", "nosuch.pem");
    for text in [&*gone, &missing, "geheim", r#"{ "shop": { "password": "geheim" } }"#] {
        let broken = of_secret(&secret(&client, text).await);
        let error = broken.connection("shop", &acme).await.unwrap_err();
        let ConnectionError::Unusable(cause) = &error else { panic!("{error}") };
        assert_eq!(cause.fault, Fault::Operator, "{error}");
        assert!(!error.to_string().contains("geheim") && !error.to_string().contains("second"), "{error}");
    }
    let none = ConnectionsPlace { secret: None, bucket: cloud.bucket_name().to_owned() };
    let none = StackConnections::new(&config, none).max_reads("shop", &acme).await.unwrap_err();
    assert!(matches!(none, ConnectionError::Unknown(_)), "{none}");
}

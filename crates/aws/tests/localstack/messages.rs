//! Messages through queues, mails, and the events of a bucket.

use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{Event, NotificationConfiguration, QueueConfiguration};
use tidewaiter::id::Timestamp;
use tidewaiter::name::Entry;
use tidewaiter_aws::events::{Notice, notices};
use tidewaiter_aws::{Mails, QueueUrls, Queues, queues};
use tidewaiter_engine::Error;
use tidewaiter_engine::ports::{Mail, Mailer, Message, News, Objects, Queue, Task};
use tidewaiter_tests::localstack;

use crate::support::{TestBucket, config};

async fn new_queue(client: &aws_sdk_sqs::Client, name: &str) -> String {
    let made = client.create_queue().queue_name(localstack::unique(name)).send().await.unwrap();
    made.queue_url.unwrap()
}

/// The bodies of up to `count` messages, waited for a while.
async fn received(client: &aws_sdk_sqs::Client, url: &str, count: usize) -> Vec<String> {
    let mut bodies = Vec::new();
    for _ in 0..10 {
        let request = client.receive_message().queue_url(url).max_number_of_messages(10).wait_time_seconds(1);
        for message in request.send().await.unwrap().messages.unwrap_or_default() {
            bodies.push(message.body.unwrap());
            let handle = message.receipt_handle.unwrap();
            client.delete_message().queue_url(url).receipt_handle(handle).send().await.unwrap();
        }
        if bodies.len() >= count {
            break;
        }
    }
    bodies
}

#[tokio::test]
async fn messages_come_out_of_their_queue_as_they_went_in_and_not_before_their_time() {
    let client = aws_sdk_sqs::Client::new(&config().await);
    let urls = QueueUrls {
        unpack: new_queue(&client, "unpack").await,
        sequence: new_queue(&client, "sequence").await,
        work: new_queue(&client, "work").await,
        report: new_queue(&client, "report").await,
        fetch: Some(new_queue(&client, "fetch").await),
    };
    let queues = Queues::new(client.clone(), urls.clone());
    let import = "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap();
    let poke = Message::news(&"acme".parse().unwrap(), News::Poke);
    let fetch =
        Message::Fetch { repository: "acme".parse().unwrap(), entry: Entry::new("acme", "contacts", "shop") };
    for (message, url) in [
        (fetch.clone(), urls.fetch.as_ref().unwrap()),
        (Message::Work { import, task: Task::Check, known: None, landed: 0 }, &urls.work),
        (Message::Report { import }, &urls.report),
        (poke.clone(), &urls.sequence),
    ] {
        queues.send(message.clone(), None).await.unwrap();
        let bodies = received(&client, url, 1).await;
        assert_eq!(bodies.iter().map(|body| queues::message(body).unwrap()).collect::<Vec<_>>(), [message]);
    }
    let at = Timestamp::now().checked_add(jiff::SignedDuration::from_millis(2_500)).unwrap();
    queues.send(poke, Some(at)).await.unwrap();
    assert_eq!(received(&client, &urls.sequence, 1).await.len(), 1);
    assert!(Timestamp::now() >= at, "it came too early");

    // In a stack without fetch, it is told to no one.
    let without = QueueUrls { fetch: None, ..urls.clone() };
    Queues::new(client.clone(), without).send(fetch, None).await.unwrap();

    let nowhere = QueueUrls { report: format!("{}-nowhere", urls.report), ..urls };
    let error = Queues::new(client, nowhere).send(Message::Report { import }, None).await.unwrap_err();
    assert!(matches!(error, Error::Refused { .. }), "{error:?}");
}

#[tokio::test]
async fn a_mail_is_sent_as_it_is_by_a_sender_that_is_known() {
    let client = aws_sdk_ses::Client::new(&config().await);
    let sender = format!("{}@example.org", localstack::unique("landing"));
    let mail = Mail {
        id: "01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned(),
        name: "acme-x.csv".to_owned(),
        recipients: (0..51).map(|n| format!("data{n}@example.org")).collect(),
        message: format!("From: {sender}\r\nSubject: =?utf-8?q?re=C3=A7u?=\r\n\r\nimport\u{e9}\r\n")
            .into_bytes(),
    };
    let mails = Mails::new(client.clone(), "tidewaiter", &sender);
    assert_eq!(mails.sender(), ("tidewaiter", sender.as_str()));
    let error = mails.send(&mail).await.unwrap_err();
    assert!(matches!(error, Error::Refused { .. }) && !error.is_transient(), "{error:?}");
    assert!(error.to_string().contains("verify the sender"), "{error}");

    client.verify_email_identity().email_address(&sender).send().await.unwrap();
    assert_eq!(mails.send(&mail).await.unwrap(), []);
    let sent = localstack::get(&format!("/_aws/ses?email={sender}"));
    let sent: serde_json::Value = serde_json::from_str(&sent).unwrap();
    let sent = sent["messages"].as_array().unwrap();
    assert_eq!(sent.len(), 2, "50 recipients at a time");
    for message in sent {
        assert_eq!(message["RawData"].as_str().unwrap().as_bytes(), mail.message);
    }
}

#[tokio::test]
async fn a_bucket_tells_of_drops_and_of_nothing_else() {
    let bucket = TestBucket::new().await;
    let sqs = aws_sdk_sqs::Client::new(&config().await);
    let url = new_queue(&sqs, "drops").await;
    let arn = sqs
        .get_queue_attributes()
        .queue_url(&url)
        .attribute_names(aws_sdk_sqs::types::QueueAttributeName::QueueArn)
        .send()
        .await
        .unwrap()
        .attributes
        .unwrap()
        .into_values()
        .next()
        .unwrap();
    // All of the bucket, so that what is none of ours comes, too.
    let queue = QueueConfiguration::builder().queue_arn(arn).events(Event::S3ObjectCreated).build().unwrap();
    let told = NotificationConfiguration::builder().queue_configurations(queue).build();
    let set = bucket.client.put_bucket_notification_configuration().bucket(&bucket.name);
    set.notification_configuration(told).send().await.unwrap();

    let keys = ["imports/acme/dépôt + 100%2B&.csv", "imports/acme/sub/a b.zip", "archives/acme/x.csv"];
    let mut versions = Vec::new();
    for key in keys {
        let put = bucket.client.put_object().bucket(&bucket.name).key(key);
        let put = put.body(ByteStream::from_static(b"content")).send().await.unwrap();
        versions.push(put.version_id);
    }
    let bodies = received(&sqs, &url, keys.len() + 1).await;
    assert_eq!(bodies.len(), keys.len() + 1, "one of them is the test event");
    let mut found = Vec::new();
    for body in &bodies {
        for notice in notices(body, &bucket.name).unwrap() {
            let Notice::Dropped(dropped) = notice else { panic!("{notice:?}") };
            assert_eq!(dropped.bytes, 7);
            let content = bucket.objects().read(&dropped.source, 0..100).await.unwrap();
            assert_eq!(content, "content", "it can be read where it is told to be");
            found.push((dropped.source.key, dropped.source.version));
        }
    }
    found.sort();
    let expected: Vec<_> = keys.iter().map(|key| (*key).to_owned()).zip(versions).take(2).collect();
    assert_eq!(found, expected);
}

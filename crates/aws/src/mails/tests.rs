//! Mails against a service that answers as SES does.

use std::sync::{Arc, Mutex};

use aws_sdk_ses::Client;
use percent_encoding::percent_decode_str;
use tidewaiter_engine::Error;
use tidewaiter_engine::ports::{Mail, Mailer, Undelivered};

use super::Mails;
use crate::canned::{self, Answer};

const SENDER: &str = "landing@example.org";

/// What SES answers to a mail for these recipients: a code and a message, or that it takes it.
type Ses = fn(&[String]) -> Option<(&'static str, String)>;

/// A mail service on this machine, and the recipients that it accepted.
struct Service {
    mails: Mails,
    taken: Arc<Mutex<Vec<String>>>,
}

impl Service {
    fn new(ses: Ses) -> Self {
        let taken = Arc::new(Mutex::new(Vec::new()));
        let seen = taken.clone();
        let config = canned::serve(move |body| answer(&body, ses, &seen));
        Self { mails: Mails::new(Client::new(&config), "tidewaiter", SENDER), taken }
    }

    async fn send(&self, recipients: &[&str]) -> tidewaiter_engine::Result<Vec<Undelivered>> {
        let mail = Mail {
            id: "01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned(),
            name: "acme-x.csv".to_owned(),
            recipients: recipients.iter().map(|&one| one.to_owned()).collect(),
            message: b"Subject: x\r\n\r\nx\r\n".to_vec(),
        };
        self.mails.send(&mail).await
    }

    fn taken(&self) -> Vec<String> {
        let mut taken = self.taken.lock().unwrap().clone();
        taken.sort();
        taken
    }
}

/// Answers one request in the form of SES.
fn answer(body: &str, ses: Ses, taken: &Mutex<Vec<String>>) -> Answer {
    let recipients: Vec<String> = body
        .split('&')
        .filter(|field| field.starts_with("Destinations.member."))
        .filter_map(|field| field.split_once('='))
        .map(|(_, value)| percent_decode_str(value).decode_utf8().unwrap().into_owned())
        .collect();
    let (status, body) = match ses(&recipients) {
        None => {
            taken.lock().unwrap().extend(recipients);
            let result = "<SendRawEmailResult><MessageId>m1</MessageId></SendRawEmailResult>";
            (
                200,
                format!(
                    r#"<SendRawEmailResponse xmlns="http://ses.amazonaws.com/doc/2010-12-01/">{result}</SendRawEmailResponse>"#
                ),
            )
        }
        Some((code, message)) => {
            let error =
                format!("<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>");
            (
                400,
                format!(
                    r#"<ErrorResponse xmlns="http://ses.amazonaws.com/doc/2010-12-01/">{error}<RequestId>r</RequestId></ErrorResponse>"#
                ),
            )
        }
    };
    (status, "text/xml", body)
}

fn unverified(who: &[&str]) -> String {
    let who = who.join(", ");
    format!(
        "Email address is not verified. The following identities failed the check in region EU-WEST-1: {who}"
    )
}

#[tokio::test]
async fn in_the_sandbox_those_who_are_verified_get_the_mail_and_the_others_are_named() {
    let service = Service::new(|recipients| {
        let open: Vec<&str> =
            recipients.iter().map(String::as_str).filter(|one| !one.ends_with("@verified.example")).collect();
        (!open.is_empty()).then(|| ("MessageRejected", unverified(&open)))
    });
    let undelivered = service.send(&["ann@verified.example", "bob@example.com", "cy@verified.example"]).await;
    let undelivered = undelivered.unwrap();
    assert_eq!(service.taken(), ["ann@verified.example", "cy@verified.example"]);
    assert_eq!(undelivered.len(), 1, "{undelivered:?}");
    assert_eq!(undelivered[0].recipients, ["bob@example.com"]);
    assert!(undelivered[0].why.contains("ask AWS to leave the sandbox"), "{undelivered:?}");
}

#[tokio::test]
async fn an_unverified_sender_is_the_deployments_and_stays_due() {
    let sender: Ses = |_| Some(("MessageRejected", unverified(&["tidewaiter &lt;landing@example.org&gt;"])));
    let both: Ses = |_| Some(("MessageRejected", unverified(&["bob@example.com", "Landing@example.org"])));
    let nobody: Ses = |_| Some(("MessageRejected", "Email address is not verified.".to_owned()));
    let authority: Ses = |_| {
        Some(("MessageRejected", "Did not have authority to send from email landing@example.org".to_owned()))
    };
    for ses in [sender, both, nobody, authority] {
        let error = Service::new(ses).send(&["bob@example.com"]).await.unwrap_err();
        assert!(matches!(error, Error::Refused { .. }) && !error.is_transient(), "{error:?}");
        assert!(error.to_string().contains("verify the sender"), "{error}");
    }
}

#[tokio::test]
async fn an_address_that_bounced_or_is_none_costs_no_other_its_mail() {
    let suppressed: Ses = |recipients| {
        let is_bad = recipients.iter().any(|one| one == "gone@example.com");
        is_bad.then(|| ("MessageRejected", "Address blacklisted.".to_owned()))
    };
    let malformed: Ses = |recipients| {
        let is_bad = recipients.iter().any(|one| one == "gone@example.com");
        is_bad.then(|| ("InvalidParameterValue", "Domain contains illegal character".to_owned()))
    };
    for (ses, advice) in
        [(suppressed, "suppression list"), (malformed, "correct the address in the configuration")]
    {
        let service = Service::new(ses);
        let undelivered =
            service.send(&["ann@example.com", "gone@example.com", "cy@example.com"]).await.unwrap();
        assert_eq!(service.taken(), ["ann@example.com", "cy@example.com"]);
        assert_eq!(undelivered.len(), 1);
        assert_eq!(undelivered[0].recipients, ["gone@example.com"]);
        assert!(undelivered[0].why.contains(advice), "{undelivered:?}");
    }
}

#[tokio::test]
async fn what_stops_all_mails_says_what_to_do() {
    let cases: [(Ses, &str); 6] = [
        (|_| Some(("AccountSendingPausedException", "x".to_owned())), "update-account-sending-enabled"),
        (|_| Some(("ConfigurationSetDoesNotExist", "x".to_owned())), "deploy the stack again"),
        (|_| Some(("ConfigurationSetSendingPausedException", "x".to_owned())), "configuration set"),
        (|_| Some(("MailFromDomainNotVerifiedException", "x".to_owned())), "MAIL FROM"),
        (
            |_| Some(("MessageRejected", "Sending suspended for this account.".to_owned())),
            "its owner was told",
        ),
        (
            |_| Some(("AccessDenied", "User is not authorized to perform ses:SendRawEmail".to_owned())),
            "AccessDenied",
        ),
    ];
    for (ses, advice) in cases {
        let error = Service::new(ses).send(&["ann@example.com"]).await.unwrap_err();
        assert!(matches!(error, Error::Refused { .. }), "{error:?}");
        assert!(error.to_string().contains(advice), "{error}");
    }
}

#[tokio::test]
async fn what_passes_by_itself_is_tried_again() {
    let cases: [Ses; 4] = [
        |_| Some(("Throttling", "Maximum sending rate exceeded.".to_owned())),
        |_| Some(("Throttling", "Daily message quota exceeded.".to_owned())),
        |_| Some(("ServiceUnavailable", "x".to_owned())),
        |_| Some(("SomethingNew", "x".to_owned())),
    ];
    for ses in cases {
        let error = Service::new(ses).send(&["ann@example.com"]).await.unwrap_err();
        assert!(error.is_transient(), "{error:?}");
    }
}

#[tokio::test]
async fn a_mail_that_is_refused_for_itself_is_not_tried_for_ever() {
    let service =
        Service::new(|_| Some(("MessageRejected", "Transaction failed: illegal content".to_owned())));
    let undelivered = service.send(&["ann@example.com", "bob@example.com"]).await.unwrap();
    assert_eq!(undelivered.len(), 1, "it is not sent to each of them in vain");
    assert_eq!(undelivered[0].recipients, ["ann@example.com", "bob@example.com"]);
    assert!(undelivered[0].why.contains("illegal content"), "{undelivered:?}");
}

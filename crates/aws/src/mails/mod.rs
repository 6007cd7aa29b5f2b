//! Mails by SES, as whole messages.

#[cfg(test)]
mod tests;
mod verdict;

use aws_sdk_ses::Client;
use aws_sdk_ses::primitives::Blob;
use aws_sdk_ses::types::RawMessage;
use tidewaiter_engine::ports::{Mail, Mailer, Undelivered};
use tidewaiter_engine::{Error, Result};

use self::verdict::{Verdict, verdict};
use crate::failure;

/// SES takes no more recipients at once.
const RECIPIENTS: usize = 50;

/// Sends mails by SES.
#[derive(Debug, Clone)]
pub struct Mails {
    client: Client,
    name: String,
    address: String,
}

impl Mails {
    /// Mails come from `address`, which SES must know as one of ours, and are signed with `name`.
    pub fn new(client: Client, name: impl Into<String>, address: impl Into<String>) -> Self {
        Self { client, name: name.into(), address: address.into() }
    }

    /// Sends a mail to some of its recipients: all of them get it, or none. The answer is the refusal of SES.
    async fn send_to(&self, recipients: &[String], mail: &Mail) -> Result<Option<Verdict>> {
        let broken = |error| Error::Mail { id: mail.id.clone(), source: std::io::Error::other(error) };
        let message = RawMessage::builder().data(Blob::new(mail.message.as_slice())).build();
        let request =
            self.client.send_raw_email().source(&self.address).raw_message(message.map_err(broken)?);
        match request.set_destinations(Some(recipients.to_vec())).send().await {
            Ok(_) => Ok(None),
            Err(error) => match verdict(&error, &self.address) {
                Some(verdict) => Ok(Some(verdict)),
                None => Err(failure::mail(&mail.id, &error)),
            },
        }
    }
}

impl Mailer for Mails {
    fn sender(&self) -> (&str, &str) {
        (&self.name, &self.address)
    }

    /// SES cannot tell that a mail is the same as an earlier one: if the answer is lost, it is sent twice.
    ///
    /// It refuses a mail for all its recipients if it refuses one of them: then the others get it without that one.
    async fn send(&self, mail: &Mail) -> Result<Vec<Undelivered>> {
        let mut left: Vec<Vec<String>> = mail.recipients.chunks(RECIPIENTS).map(<[String]>::to_vec).collect();
        let mut undelivered = Vec::new();
        while let Some(recipients) = left.pop() {
            match self.send_to(&recipients, mail).await? {
                None => {}
                Some(Verdict::Deployment { why }) => {
                    return Err(Error::Refused { what: format!("the mail about {}", mail.id), reason: why });
                }
                Some(Verdict::Mail { why }) => undelivered.push(Undelivered { recipients, why }),
                Some(Verdict::Recipients { named, why }) => {
                    let is_named = |one: &String| named.iter().any(|named| named.eq_ignore_ascii_case(one));
                    let (refused, others): (Vec<String>, Vec<String>) =
                        recipients.into_iter().partition(is_named);
                    match (refused.is_empty(), others.len()) {
                        // It does not say which of them it means.
                        (true, 2..) => left.extend(others.into_iter().map(|one| vec![one])),
                        (true, _) => undelivered.push(Undelivered { recipients: others, why }),
                        (false, 0) => undelivered.push(Undelivered { recipients: refused, why }),
                        (false, _) => {
                            undelivered.push(Undelivered { recipients: refused, why });
                            left.push(others);
                        }
                    }
                }
            }
        }
        Ok(undelivered)
    }
}

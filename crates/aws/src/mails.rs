//! Mails by SES, as whole messages.

use aws_sdk_ses::Client;
use aws_sdk_ses::primitives::Blob;
use aws_sdk_ses::types::RawMessage;
use tidewaiter_pipeline::Result;
use tidewaiter_pipeline::ports::{Mail, Mailer};

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
}

impl Mailer for Mails {
    fn sender(&self) -> (&str, &str) {
        (&self.name, &self.address)
    }

    /// SES cannot tell that a mail is the same as an earlier one: if the answer is lost, it is sent twice.
    async fn send(&self, mail: &Mail) -> Result<()> {
        for recipients in mail.recipients.chunks(RECIPIENTS) {
            let message = RawMessage::builder().data(Blob::new(mail.message.as_slice())).build();
            let message = message.map_err(|error| tidewaiter_pipeline::Error::Mail {
                id: mail.id.clone(),
                source: std::io::Error::other(error),
            })?;
            let request = self.client.send_raw_email().source(&self.address).raw_message(message);
            let sent = request.set_destinations(Some(recipients.to_vec())).send().await;
            sent.map_err(|e| failure::mail(&mail.id, &e))?;
        }
        Ok(())
    }
}

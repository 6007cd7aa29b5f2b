//! What SES has against a mail, told apart by what is to be done about it: nothing but wait; mend the deployment;
//! or mend an address, without which the mail goes to the others.

use aws_sdk_ses::operation::send_raw_email::SendRawEmailError;

use crate::failure::{self, Answer};

/// Why SES does not send a mail, until an operator fixes the cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It would send none of our mails.
    Deployment {
        /// Why, and what to do.
        why: String,
    },
    /// SES does not send this one, to any recipient.
    Mail {
        /// Why.
        why: String,
    },
    /// It does not send it to some recipients.
    Recipients {
        /// Which ones, if it says so.
        named: Vec<String>,
        /// Why, and what to do.
        why: String,
    },
}

/// What stands behind the names of what it knows nothing good of: `… in region EU-WEST-1: a@b, c@d`.
const UNVERIFIED: &str = "failed the check in region";

/// What SES means by an answer to a mail from `sender`. None: what may pass by itself, and what every service
/// answers alike, such as a permission that is missing.
pub(super) fn verdict(error: &Answer<SendRawEmailError>, sender: &str) -> Option<Verdict> {
    let said = failure::text(error);
    let message = said.split_once(": ").map_or("", |(_, message)| message);
    let deployment = |advice: &str| Some(Verdict::Deployment { why: format!("{said}; {advice}") });
    let recipients = |named: Vec<String>, advice: &str| {
        Some(Verdict::Recipients { named, why: format!("{said}; {advice}") })
    };
    match failure::code(error)? {
        "MessageRejected" if is_about(message, sender) => deployment(
            "verify the sender, or its domain, in SES in this region (`SenderAddress`, `CreateSenderIdentity`)",
        ),
        "MessageRejected" if message.contains("not verified") => recipients(
            named(message),
            "SES has this account in its sandbox, and sends to verified addresses only: verify the address, or ask \
             AWS to leave the sandbox",
        ),
        "MessageRejected" if is_of_account(message) => {
            deployment("AWS has stopped mails from this account; its owner was told why by mail")
        }
        "MessageRejected" if message.contains("blacklisted") || message.contains("suppress") => recipients(
            Vec::new(),
            "mails to the address bounced before: take it off the suppression list of SES if that is fixed, or out \
             of the configuration",
        ),
        "MessageRejected" => Some(Verdict::Mail {
            why: format!("{said}; SES does not take this mail, its report is in the ledger"),
        }),
        "InvalidParameterValue" | "InvalidAddress" => {
            recipients(Vec::new(), "correct the address in the configuration")
        }
        "AccountSendingPausedException" => deployment(
            "sending is paused for the account: `aws ses update-account-sending-enabled --enabled`",
        ),
        "ConfigurationSetDoesNotExist" => deployment("deploy the stack again: its configuration set is gone"),
        "ConfigurationSetSendingPausedException" => deployment(
            "sending is paused for the stack's configuration set: `aws ses update-configuration-set-sending-enabled`",
        ),
        "MailFromDomainNotVerified" | "MailFromDomainNotVerifiedException" => {
            deployment("SES does not find the MX record of the sender's MAIL FROM domain: mend it in the DNS")
        }
        _ => None,
    }
}

/// The identities that a message names at its end: addresses, some with a name before them.
fn named(message: &str) -> Vec<String> {
    let Some((_, behind)) = message.split_once(UNVERIFIED) else { return Vec::new() };
    let Some((_, list)) = behind.split_once(": ") else { return Vec::new() };
    let address = |one: &str| {
        let bare = one.rsplit_once('<').map_or(one, |(_, address)| address);
        bare.trim().trim_end_matches('>').trim().to_owned()
    };
    list.split(',').map(address).filter(|address| address.contains('@')).collect()
}

/// True if a message names the sender, or is about an unverified identity without a name.
fn is_about(message: &str, sender: &str) -> bool {
    let lower = message.to_ascii_lowercase();
    lower.contains(&sender.to_ascii_lowercase())
        || lower.contains("not verified") && named(message).is_empty()
}

fn is_of_account(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    ["suspended", "paused", "shut down"].iter().any(|word| message.contains(word))
}

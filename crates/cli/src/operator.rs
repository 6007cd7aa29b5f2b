//! Who runs a command: what versions of configurations are recorded with.

use std::env;

/// Where the name of the user stands, the best first: one who became another user is still the one who decides.
const USERS: [&str; 4] = ["SUDO_USER", "USER", "LOGNAME", "USERNAME"];

/// The user and the machine, such as `ana@laptop`. A machine that has no names of users, such as a container, says
/// `operator`.
pub(crate) fn operator() -> String {
    let named = |name: &str| env::var(name).ok().filter(|user| !user.is_empty());
    let user = USERS.into_iter().find_map(named).unwrap_or_else(|| "operator".to_owned());
    let host = gethostname::gethostname();
    let host = host.to_string_lossy();
    if host.is_empty() { user } else { format!("{user}@{host}") }
}

//! Who gives a command, as far as the machine knows it.

/// The user and the machine, as `ada@host`.
pub(crate) fn name() -> String {
    let user = ["LOGNAME", "USER", "USERNAME"].iter().find_map(|name| std::env::var(name).ok());
    let user = user.filter(|user| !user.is_empty()).unwrap_or_else(|| "operator".to_owned());
    let machine = rustix::system::uname();
    let host = machine.nodename().to_string_lossy();
    if host.is_empty() { user } else { format!("{user}@{host}") }
}

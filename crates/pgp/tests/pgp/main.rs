//! Messages that real programs wrote, messages that were built to harm, and messages that were changed on their way.

#[cfg(test)]
mod built;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod made;
#[cfg(test)]
mod support;

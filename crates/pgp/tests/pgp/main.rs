//! Messages that real programs wrote, messages that were built to harm, and messages that were changed on their way.

mod built;
mod damage;
mod made;
mod support;

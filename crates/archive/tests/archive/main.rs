//! What the crate promises, against archives of real programs and archives built to harm.
//!
//! One test program with a module per subject: linking it once is quicker.

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod formats;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod members;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod package;
#[cfg(test)]
mod source;
#[cfg(test)]
mod support;
#[cfg(test)]
mod tar;
#[cfg(test)]
mod zip;

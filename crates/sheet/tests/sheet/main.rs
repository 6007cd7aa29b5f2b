//! What the crate promises, against workbooks of real programs, workbooks built to harm, and another reader.
//!
//! One test program with a module per subject: linking it once is quicker.

#[cfg(test)]
mod cells;
#[cfg(test)]
mod csv;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod made;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod support;

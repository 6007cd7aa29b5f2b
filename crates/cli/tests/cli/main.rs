//! The binary itself, as people and programs use it: what it prints, and how it exits.

#[cfg(test)]
mod changes;
#[cfg(test)]
mod checks;
#[cfg(test)]
mod columns;
#[cfg(test)]
mod configurations;
#[cfg(test)]
mod deployment;
#[cfg(test)]
mod export_pipes;
#[cfg(test)]
mod exports;
#[cfg(unix)]
#[cfg(test)]
mod faults;
#[cfg(test)]
mod fixes;
#[cfg(test)]
mod init_from;
#[cfg(test)]
mod late;
mod listings;
#[cfg(unix)]
#[cfg(test)]
mod looking;
#[cfg(test)]
mod lost;
#[cfg(test)]
mod postgres;
#[cfg(test)]
mod problems;
#[cfg(test)]
mod queries;
mod remarks;
mod reports;
#[cfg(test)]
mod selections;
#[cfg(test)]
mod stacks;
#[cfg(test)]
mod support;
#[cfg(test)]
mod terminal;
#[cfg(test)]
mod universes;
#[cfg(test)]
mod versions;

//! Fills the country and the city of a line from an address on the internet.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::fmt;
use std::sync::Arc;

use super::Cells;
use super::plan::Plan;

/// Knows where addresses on the internet are.
pub trait Locate: fmt::Debug + Send + Sync {
    /// Returns where a public address is. None if that is not known.
    fn locate(&self, address: IpAddr) -> Option<Place>;
}

/// Where an address is, as far as that is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The country, as two capital letters (ISO 3166-1 alpha-2).
    pub country: Option<String>,
    /// The city, by its English name.
    pub city: Option<String>,
}

/// Fills lines of one import.
#[derive(Debug, Clone)]
pub(super) struct Filler {
    locator: Arc<dyn Locate>,
    /// The places of the columns; None until the header is known, and for a column that is not filled.
    address: Option<usize>,
    country: Option<usize>,
    city: Option<usize>,
}

impl Filler {
    /// Fills nothing until it knows the columns.
    pub(super) fn new(locator: Arc<dyn Locate>) -> Self {
        Self { locator, address: None, country: None, city: None }
    }

    /// Takes the columns of a file, and adds those that are filled and that it lacks. A file without addresses has nothing
    /// to be filled from.
    pub(super) fn header(&mut self, plan: &Plan, columns: &mut Vec<String>) {
        let Some((address, (country, city))) = plan.located() else { return };
        self.address = columns.iter().position(|column| column == address);
        if self.address.is_none() {
            return;
        }
        let mut place = |name: &str| {
            columns.iter().position(|column| column == name).unwrap_or_else(|| {
                columns.push(name.to_owned());
                columns.len() - 1
            })
        };
        self.country = country.map(&mut place);
        self.city = city.map(&mut place);
    }

    /// Fills the values of a line. What it says itself stays, and a city is not put into another country.
    pub(super) fn fill(&self, plan: &Plan, columns: &[String], values: &mut Cells) {
        let is_empty = |at: &usize| values.get(*at).is_none();
        let (country, city) = (self.country.filter(is_empty), self.city.filter(is_empty));
        if country.is_none() && city.is_none() {
            return;
        }
        let address = self.address.and_then(|at| public_address(values.get(at)?));
        let Some(place) = address.and_then(|address| self.locator.locate(address)) else { return };
        let own = self.country.and_then(|at| values.get(at));
        let is_elsewhere = own.is_some_and(|own| place.country.as_deref() != Some(own));
        let city = city.filter(|_| !is_elsewhere);
        for (at, found) in [(country, place.country), (city, place.city)] {
            if let (Some(at), Some(found)) = (at, found)
                && columns.get(at).is_some_and(|column| plan.takes(column, &found))
            {
                values.set(at, &found);
            }
        }
    }
}

/// An address that may be anywhere in the world. One that only means something in a network of its own is none.
fn public_address(text: &str) -> Option<IpAddr> {
    let address = text.trim().parse::<IpAddr>().ok()?.to_canonical();
    let is_public = match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    };
    is_public.then_some(address)
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    let is_shared = first == 100 && second & 0b1100_0000 == 64;
    !(first == 0
        || is_shared
        || address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_broadcast())
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    !(address.is_unspecified()
        || address.is_loopback()
        || address.is_unique_local()
        || address.is_unicast_link_local()
        || address.is_multicast())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_may_be_anywhere_is_looked_up() {
        for text in ["81.2.69.142", " 81.2.69.142 ", "::ffff:81.2.69.142", "100.128.0.1", "1.0.0.1"] {
            assert!(matches!(public_address(text), Some(IpAddr::V4(_))), "{text}");
        }
        assert_eq!(public_address("2a02:cf40::1"), Some("2a02:cf40::1".parse().unwrap()));
        for text in [
            "",
            "-",
            "unknown",
            "81.2.69",
            "81.2.69.142:443",
            "fe80::1%eth0",
            "0.0.0.0",
            "0.1.2.3",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.1.1",
            "172.16.0.1",
            "192.168.1.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:10.1.2.3",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "ff02::1",
        ] {
            assert_eq!(public_address(text), None, "{text}");
        }
    }
}

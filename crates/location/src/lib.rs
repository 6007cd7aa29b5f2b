//! Finds out where an IP address is, in a database of the `MaxMind` DB format (`.mmdb`).
//!
//! The operator brings the file: `GeoLite2` City or Country, `GeoIP2`, DB-IP, or one of the same shape. It holds the country of
//! an address under `country.iso_code`, and its city under `city.names.en`. The file is checked as a whole when it is
//! opened, so a look-up meets no damage. Callers bring the bytes: nothing here reads files.

use core::net::IpAddr;
use std::fmt;

use maxminddb::{MaxMindDbError, Reader};
use serde::Deserialize;
use tidewaiter::record::{Locate, Place};

/// So many entries are looked at to see whether a database holds places at all.
const LOOKED_AT: usize = 1_000;

/// A database that cannot be used. The operator who brought it has to replace it.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The bytes are no database, or not a whole one.
    #[error(
        "it is damaged or not in the MaxMind DB format ({0}): download it again, and unpack it if it is packed"
    )]
    Damaged(String),
    /// The database holds something else.
    #[error(
        "it holds neither countries nor cities ({0:?}): bring one that does, such as GeoLite2-City or GeoLite2-Country"
    )]
    NoPlaces(String),
}

impl From<MaxMindDbError> for DatabaseError {
    fn from(error: MaxMindDbError) -> Self {
        Self::Damaged(error.to_string())
    }
}

/// An open database. It is held in memory as a whole.
pub struct Database {
    reader: Reader<Vec<u8>>,
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = &self.reader.metadata().database_type;
        f.debug_struct("Database").field("kind", kind).finish_non_exhaustive()
    }
}

impl Database {
    /// Opens the database in these bytes, and checks all of it.
    ///
    /// # Errors
    /// If it is damaged, or holds no places.
    pub fn open(bytes: Vec<u8>) -> Result<Self, DatabaseError> {
        let reader = Reader::from_source(bytes)?;
        reader.verify()?;
        let mut has_places = false;
        for found in reader.networks(maxminddb::WithinOptions::default())?.take(LOOKED_AT) {
            if found?.decode::<Entry<'_>>().is_ok_and(|entry| entry.is_some_and(|entry| entry.is_place())) {
                has_places = true;
                break;
            }
        }
        if has_places {
            Ok(Self { reader })
        } else {
            Err(DatabaseError::NoPlaces(reader.metadata().database_type.clone()))
        }
    }
}

impl Locate for Database {
    fn locate(&self, address: IpAddr) -> Option<Place> {
        // A database of IPv4 only knows no address of IPv6: that is an error to the reader.
        let entry: Entry<'_> = self.reader.lookup(address).ok()?.decode().ok()??;
        let owned = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let (country, city) = (entry.country().and_then(owned), entry.city().and_then(owned));
        (country.is_some() || city.is_some()).then_some(Place { country, city })
    }
}

/// What an entry says of places. It holds more, which is skipped.
#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow, default)]
    country: Option<Country<'a>>,
    #[serde(borrow, default)]
    city: Option<City<'a>>,
}

#[derive(Deserialize)]
struct Country<'a> {
    #[serde(default)]
    iso_code: Option<&'a str>,
}

#[derive(Deserialize)]
struct City<'a> {
    #[serde(borrow, default)]
    names: Option<Names<'a>>,
}

#[derive(Deserialize)]
struct Names<'a> {
    #[serde(default)]
    en: Option<&'a str>,
}

impl<'a> Entry<'a> {
    fn country(&self) -> Option<&'a str> {
        self.country.as_ref()?.iso_code
    }

    fn city(&self) -> Option<&'a str> {
        self.city.as_ref()?.names.as_ref()?.en
    }

    fn is_place(&self) -> bool {
        self.country().is_some() || self.city().is_some()
    }
}

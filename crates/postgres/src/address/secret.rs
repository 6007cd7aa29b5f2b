//! A login as a secret holds it: the JSON that Amazon RDS writes, or a whole address.
//!
//! What a secret holds is in no error, not even in part.

use serde::Deserialize;
use tidewaiter_engine::{Error, Result};
use tokio_postgres::Config;

use super::{Address, OwnParameters, Parsed};

/// What the errors name.
const SECRET: &str = "the secret with the login of PostgreSQL";

/// The JSON of Amazon RDS. A secret that RDS manages holds user and password alone.
#[derive(Deserialize)]
struct Json {
    engine: Option<String>,
    host: Option<String>,
    port: Option<Port>,
    dbname: Option<String>,
    username: Option<String>,
    password: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Port {
    Number(u16),
    Text(String),
}

/// Where a database is: `host`, `host:port`, `host/database` or `host:port/database`.
struct Place<'a> {
    host: &'a str,
    port: Option<u16>,
    database: Option<&'a str>,
}

impl<'a> Place<'a> {
    fn read(text: &'a str) -> Result<Self> {
        let unreadable = || refused_place(text);
        let (server, database) = match text.split_once('/') {
            Some((server, database)) if !database.is_empty() => (server, Some(database)),
            Some(_) => return Err(unreadable()),
            None => (text, None),
        };
        let (host, port) = match server.rsplit_once(':') {
            Some((host, port)) => (host, Some(port.parse().map_err(|_| unreadable())?)),
            None => (server, None),
        };
        if host.is_empty() { Err(unreadable()) } else { Ok(Self { host, port, database }) }
    }
}

impl Address {
    /// Reads what a secret holds: JSON with `username`, `password` and perhaps `host`, `port` and `dbname`, as Amazon RDS
    /// writes it; or an address as [`Address::parse`] takes it, which may hold a password here. A `place`
    /// (`host:port/database`) counts in place of what JSON says.
    ///
    /// ```
    /// use tidewaiter_postgres::Address;
    ///
    /// let secret = r#"{ "username": "tidewaiter", "password": "secret" }"#;
    /// assert!(Address::of_secret(secret, Some("db.example.org/records")).is_ok());
    /// assert!(Address::of_secret(secret, None).unwrap_err().to_string().contains("names no host"));
    /// ```
    ///
    /// # Errors
    /// If it holds neither, or lacks something.
    pub fn of_secret(text: &str, place: Option<&str>) -> Result<Self> {
        let text = text.trim();
        let place = place.map(Place::read).transpose()?;
        if !text.starts_with('{') {
            if place.is_some() {
                return Err(refused(
                    "it is a whole address, so no other place can be given: remove one of them",
                ));
            }
            return Parsed::read(text).map(Self::of);
        }
        // The error of the parser may quote what it did not understand.
        let json: Json = serde_json::from_str(text).map_err(|_| {
            refused("it is not the JSON that RDS writes: username, password, host, port and dbname as texts, port perhaps as a number")
        })?;
        Parsed::protected(json.config(place)?, OwnParameters::default()).map(Self::of)
    }
}

impl Json {
    fn config(self, place: Option<Place<'_>>) -> Result<Config> {
        if let Some(engine) = self.engine
            && !engine.contains("postgres")
        {
            return Err(refused("its `engine` is not PostgreSQL"));
        }
        let needs = |name: &str| refused(&format!("it names no {name}"));
        let (mut config, mut port) = (Config::new(), None);
        match (&place, &self.host) {
            (Some(place), _) => {
                config.host(place.host);
                port = place.port;
            }
            (None, Some(host)) if !host.is_empty() => {
                config.host(host);
            }
            _ => return Err(refused("it names no host, and no place is given beside it")),
        }
        let told = match self.port {
            Some(Port::Number(port)) => Some(port),
            Some(Port::Text(text)) => Some(text.parse().map_err(|_| refused("its `port` is no port"))?),
            None => None,
        };
        config.port(port.or(told).unwrap_or(5432));
        let database = place.and_then(|place| place.database).or(self.dbname.as_deref());
        config.dbname(
            database
                .filter(|name| !name.is_empty())
                .ok_or_else(|| needs("dbname, and no database is given beside it"))?,
        );
        config.user(self.username.filter(|name| !name.is_empty()).ok_or_else(|| needs("username"))?);
        config.password(self.password.filter(|word| !word.is_empty()).ok_or_else(|| needs("password"))?);
        Ok(config)
    }
}

fn refused(reason: &str) -> Error {
    Error::Refused { what: SECRET.to_owned(), reason: reason.to_owned() }
}

fn refused_place(text: &str) -> Error {
    Error::Refused {
        what: "the place of PostgreSQL".to_owned(),
        reason: format!("{text:?} is not of the form host:port/database"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::{Protection, Roots};

    const RDS: &str = r#"{"engine":"postgres","host":"db.example.org","username":"tidewaiter","password":"geheim",
        "dbname":"records","port":6432,"dbInstanceIdentifier":"records-1"}"#;

    fn told(address: &Address) -> String {
        let (config, _) = address.read().unwrap();
        let password = String::from_utf8_lossy(config.get_password().unwrap_or_default()).into_owned();
        let [host] = config.get_hosts() else { panic!("{:?}", config.get_hosts()) };
        format!(
            "{host:?} {:?} {:?} {:?} {password}",
            config.get_ports(),
            config.get_dbname(),
            config.get_user()
        )
    }

    #[test]
    fn the_json_of_rds_is_a_login() {
        let address = Address::of_secret(RDS, None).unwrap();
        let expected = r#"Tcp("db.example.org") [6432] Some("records") Some("tidewaiter") geheim"#;
        assert_eq!(told(&address), expected);
        assert_eq!(address.read().unwrap().1, Protection::Verified { roots: Roots::Machine });
        assert!(!format!("{address:?}").contains("geheim"), "{address:?}");
        let text = RDS.replace("6432", "\"6432\"");
        assert_eq!(told(&Address::of_secret(&text, None).unwrap()), expected);
    }

    #[test]
    fn a_place_counts_in_place_of_what_the_secret_says() {
        let proxy = Address::of_secret(RDS, Some("proxy.example.org")).unwrap();
        assert_eq!(
            told(&proxy),
            r#"Tcp("proxy.example.org") [6432] Some("records") Some("tidewaiter") geheim"#
        );
        let managed = r#"{"username":"postgres","password":"geheim"}"#;
        let found = Address::of_secret(managed, Some("db.example.org:5433/other")).unwrap();
        assert_eq!(told(&found), r#"Tcp("db.example.org") [5433] Some("other") Some("postgres") geheim"#);
        let found = Address::of_secret(managed, Some("db.example.org/other")).unwrap();
        assert_eq!(told(&found), r#"Tcp("db.example.org") [5432] Some("other") Some("postgres") geheim"#);
    }

    #[test]
    fn a_whole_address_may_hold_its_password_here() {
        let text = "postgresql://tidewaiter:geheim@127.0.0.1:5433/records?sslmode=disable\n";
        let address = Address::of_secret(text, None).unwrap();
        assert_eq!(told(&address), r#"Tcp("127.0.0.1") [5433] Some("records") Some("tidewaiter") geheim"#);
        assert_eq!(address.read().unwrap().1, Protection::None);
        assert!(!format!("{address:?}").contains("geheim"), "{address:?}");
        assert!(Address::of_secret(text, Some("db.example.org")).is_err());
        let far = "postgresql://tidewaiter:geheim@db.example.org/records?sslmode=disable";
        assert!(Address::of_secret(far, None).unwrap_err().to_string().contains("sslmode=disable"));
    }

    #[test]
    fn what_is_wrong_is_named_and_nothing_of_the_secret_is_told() {
        for (secret, place, said) in [
            ("geheim", None, "postgresql://"),
            ("{\"password\": [\"geheim\"]}", None, "JSON that RDS writes"),
            (r#"{"username":"geheim","password":"geheim"}"#, None, "names no host"),
            (r#"{"username":"geheim","password":"geheim"}"#, Some("db"), "names no dbname"),
            (r#"{"username":"geheim","password":""}"#, Some("db/records"), "names no password"),
            (r#"{"password":"geheim"}"#, Some("db/records"), "names no username"),
            (r#"{"username":"geheim","password":"geheim","port":"x"}"#, Some("db/records"), "`port`"),
            (r#"{"engine":"mysql","username":"geheim","password":"geheim"}"#, Some("db/r"), "`engine`"),
            (RDS, Some("db:port/records"), "host:port/database"),
            (RDS, Some("db/"), "host:port/database"),
            (RDS, Some(":5432"), "host:port/database"),
        ] {
            let error = Address::of_secret(secret, place).unwrap_err();
            assert!(!error.is_transient(), "{error}");
            assert!(error.to_string().contains(said), "{secret}: {error}");
            assert!(!format!("{error} {error:?}").contains("geheim"), "{error}");
        }
    }
}

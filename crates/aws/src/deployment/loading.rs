//! How validate is put together: with the store of records that its environment names.

use std::sync::Arc;

use aws_config::SdkConfig;
use tidewaiter_engine::follow::BufferedQueue;

use super::{Deployment, LOADERS, Loading, Names, queues};
use crate::environment::{Environment, Missing};
use crate::login::{LoginPlace, SecretLogin};
use crate::store::{Database, StackRecords};
use crate::{LocationObject, LocationPlace, QueueUrls, RecordsTable, clients};

impl Loading {
    /// As the environment says.
    ///
    /// # Errors
    /// If it does not say everything.
    pub async fn from_environment<F>(environment: Environment<F>) -> Result<Self, Missing>
    where
        F: Fn(&'static str) -> Option<String>,
    {
        let told = LoadingNames::from(environment)?;
        Ok(told.deployment(&clients::environment().await))
    }
}

/// What validate is told.
struct LoadingNames {
    names: Names,
    urls: QueueUrls,
    table: String,
    /// Where the login of PostgreSQL is, if records are there.
    login: Option<LoginPlace>,
    /// Where the database of locations is, if there is one.
    locations: Option<LocationPlace>,
}

impl LoadingNames {
    fn from<F: Fn(&'static str) -> Option<String>>(mut environment: Environment<F>) -> Result<Self, Missing> {
        let (names, urls) = (Names::from(&mut environment), environment.queues());
        let table = environment.get("RECORDS_TABLE");
        let login = environment.postgres().then(|| LoginPlace {
            secret: environment.get("POSTGRES_SECRET"),
            database: environment.find("POSTGRES_PLACE"),
            certificates: environment.find("POSTGRES_CERTIFICATES").map(|key| (names.bucket.clone(), key)),
        });
        let locations = environment.find("LOCATION_DATABASE").map(|key| LocationPlace {
            bucket: names.bucket.clone(),
            key,
            // The rest is for files and their records.
            most_bytes: environment.memory_bytes() / 2,
        });
        environment.complete()?;
        Ok(Self { names, urls, table, login, locations })
    }

    fn deployment(self, config: &SdkConfig) -> Loading {
        let table = RecordsTable::new(clients::records(config), self.table);
        // A file that is landed in one transaction has one loader.
        let (records, loaders) = match self.login {
            None => (StackRecords::Table(table), LOADERS),
            Some(place) => {
                let login = Arc::new(SecretLogin::new(config, place));
                (StackRecords::Postgres(Database::new(login, table)), 1)
            }
        };
        let queue = BufferedQueue::new(queues(config, self.urls));
        let locations = LocationObject::new(config, self.locations);
        Deployment { loaders, ..self.names.deployment(config, records, (), queue, locations) }
    }
}

//! State: that of a folder, in memory.

use jiff::civil::Date;
use tidewaiter::id::{ImportId, Timestamp};
use tidewaiter::keys::{Key, Repository};
use tidewaiter::name::DataName;
use tidewaiter::sequence::{self, GroupRef};
use tidewaiter_pipeline::Result;
use tidewaiter_pipeline::ports::{Conclusion, HistoryFilter, Import, Pinned, State, Turn, WaitingGroup};

use super::Ports;

fn named(group: &GroupRef) -> String {
    format!("{} of {:02}, generation {}", group.id, group.last, group.generation)
}

impl State for Ports {
    async fn register(&self, imports: &[Import]) -> Result<Vec<Import>> {
        let about = || {
            let named = imports.iter().map(|import| format!("{} {}", import.id, import.file));
            named.collect::<Vec<_>>().join(", ")
        };
        let register = async {
            let registered = self.world.state.register(imports).await?;
            self.seen(|inner| inner.watch.registered(self.process, &registered));
            Ok(registered)
        };
        self.table("state.register", about, register).await
    }

    async fn import(&self, id: ImportId) -> Result<Option<Import>> {
        self.table("state.import", || id.to_string(), self.world.state.import(id)).await
    }

    async fn members(&self, archive: ImportId) -> Result<Vec<Import>> {
        self.table("state.members", || archive.to_string(), self.world.state.members(archive)).await
    }

    async fn start(&self, id: ImportId, pin: &Pinned) -> Result<Pinned> {
        let start = async {
            let held = self.world.state.start(id, pin).await?;
            self.seen(|inner| inner.watch.started(self.process, id, &held));
            Ok(held)
        };
        self.table("state.start", || id.to_string(), start).await
    }

    async fn conclude(
        &self,
        id: ImportId,
        conclusion: &Conclusion,
        outputs: &[&Key],
    ) -> Result<(Conclusion, Vec<Option<Key>>)> {
        let about =
            || format!("{id}: {} {}", conclusion.outcome, conclusion.code.as_deref().unwrap_or_default());
        let conclude = async {
            let (held, older) = self.world.state.conclude(id, conclusion, outputs).await?;
            self.seen(|inner| inner.watch.concluded(self.process, id, &held));
            Ok((held, older))
        };
        self.table("state.conclude", about, conclude).await
    }

    async fn finish(&self, id: ImportId) -> Result<()> {
        let finish = async {
            self.world.state.finish(id).await?;
            self.seen(|inner| inner.watch.finished(id));
            Ok(())
        };
        self.table("state.finish", || id.to_string(), finish).await
    }

    async fn claim(&self, keys: &[&Key], id: ImportId) -> Result<Vec<Option<Key>>> {
        let about =
            || format!("{id}: {}", keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
        self.table("state.claim", about, self.world.state.claim(keys, id)).await
    }

    async fn mailed(&self, id: ImportId) -> Result<()> {
        let mailed = async {
            self.world.state.mailed(id).await?;
            self.seen(|inner| inner.watch.noted_mail(id));
            Ok(())
        };
        self.table("state.mailed", || id.to_string(), mailed).await
    }

    async fn turn(&self, repository: &Repository) -> Result<Turn> {
        let turn = async {
            let turn = self.world.state.turn(repository).await?;
            self.seen(|inner| inner.watch.turned(self.process, repository, &turn));
            Ok(turn)
        };
        self.table("state.turn", || repository.to_string(), turn).await
    }

    async fn advance(&self, repository: &Repository, version: u64, state: &sequence::State) -> Result<bool> {
        let about =
            || format!("{repository} from {version}: {}", serde_json::to_string(state).unwrap_or_default());
        let advance = async {
            let won = self.world.state.advance(repository, version, state).await?;
            if won {
                self.seen(|inner| inner.watch.advanced(self.process, repository, state));
            }
            Ok(won)
        };
        self.table("state.advance", about, advance).await
    }

    async fn seal(&self, repository: &Repository, group: &GroupRef) -> Result<()> {
        let seal = async {
            self.world.state.seal(repository, group).await?;
            self.seen(|inner| inner.watch.sealed(repository, group));
            Ok(())
        };
        self.table("state.seal", || named(group), seal).await
    }

    async fn next_member(
        &self,
        repository: &Repository,
        group: &GroupRef,
        checking: bool,
    ) -> Result<Option<ImportId>> {
        let find = self.world.state.next_member(repository, group, checking);
        self.table("state.next_member", || named(group), find).await
    }

    async fn group_members(&self, repository: &Repository, group: &GroupRef) -> Result<Vec<Import>> {
        let members = self.world.state.group_members(repository, group);
        self.table("state.group_members", || named(group), members).await
    }

    async fn close(&self, repository: &Repository, group: &GroupRef) -> Result<()> {
        let close = async {
            self.world.state.close(repository, group).await?;
            self.seen(|inner| inner.watch.closed(repository, group));
            Ok(())
        };
        self.table("state.close", || named(group), close).await
    }

    async fn expire(&self, repository: &Repository, group: &GroupRef) -> Result<bool> {
        let expire = async {
            let expired = self.world.state.expire(repository, group).await?;
            if expired {
                self.seen(|inner| inner.watch.expired(repository, group));
            }
            Ok(expired)
        };
        self.table("state.expire", || named(group), expire).await
    }

    async fn twin(&self, repository: &Repository, name: &DataName, sha256: &str) -> Result<Option<Import>> {
        let twin = self.world.state.twin(repository, name, sha256);
        self.table("state.twin", || name.file.clone(), twin).await
    }

    async fn note(&self, key: &str, at: Timestamp) -> Result<Timestamp> {
        self.table("state.note", || key.to_owned(), self.world.state.note(key, at)).await
    }

    async fn noticed(&self, key: &str) -> Result<Option<Timestamp>> {
        self.table("state.noticed", || key.to_owned(), self.world.state.noticed(key)).await
    }

    async fn latest_date(
        &self,
        repository: &Repository,
        name: &DataName,
        before: Timestamp,
    ) -> Result<Option<Date>> {
        let latest = self.world.state.latest_date(repository, name, before);
        self.table("state.latest_date", || name.file.clone(), latest).await
    }

    async fn keep_config(&self, hash: &str, document: &[u8]) -> Result<()> {
        self.table("state.keep_config", || hash.to_owned(), self.world.state.keep_config(hash, document))
            .await
    }

    async fn kept_config(&self, hash: &str) -> Result<Option<Vec<u8>>> {
        self.table("state.kept_config", || hash.to_owned(), self.world.state.kept_config(hash)).await
    }

    async fn repositories(&self) -> Result<Vec<Repository>> {
        self.table("state.repositories", String::new, self.world.state.repositories()).await
    }

    async fn unfinished(&self) -> Result<Vec<Import>> {
        self.table("state.unfinished", String::new, self.world.state.unfinished()).await
    }

    async fn unmailed(&self) -> Result<Vec<ImportId>> {
        self.table("state.unmailed", String::new, self.world.state.unmailed()).await
    }

    async fn queued(&self, repository: &Repository, limit: usize) -> Result<Vec<Import>> {
        let queued = self.world.state.queued(repository, limit);
        self.table("state.queued", || repository.to_string(), queued).await
    }

    async fn waiting(&self, repository: &Repository) -> Result<Vec<WaitingGroup>> {
        self.table("state.waiting", || repository.to_string(), self.world.state.waiting(repository)).await
    }

    async fn history(&self, filter: &HistoryFilter) -> Result<Vec<Import>> {
        self.table("state.history", String::new, self.world.state.history(filter)).await
    }
}

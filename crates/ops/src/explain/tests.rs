//! Every state in which a file can be is told in words.

use tidewaiter::config::Digest;
use tidewaiter::keys::{Key, Place, Repository};
use tidewaiter::name::{DataName, GroupTag};
use tidewaiter::report::{Counts, GroupPlace, Outcome, Reason, Report};
use tidewaiter::sequence::{GroupRef, GroupRule};
use tidewaiter_engine::ports::{
    Conclusion, Content, DigestPlace, Group, ImportRun, KeptReport, Kind, Pinned, Progress, Refusal, Source,
    Trouble, WaitingGroup,
};

use super::story::{Around, Name, story};

const ID: &str = "01J9Z3ND1V0000000000000000";
const FILE: &str = "daily.02-03_acme_contacts_crm_20260101.csv";

fn repository() -> Repository {
    "partner".parse().unwrap()
}

fn data(grouped: bool) -> Kind {
    let group = grouped.then(|| Group {
        group: GroupRef { id: "daily".to_owned(), last: 3, generation: 7 },
        slot: 2,
        rule: GroupRule::Sequential,
        late: false,
    });
    let tag = grouped.then(|| GroupTag { id: "daily".to_owned(), slot: 2, last: 3 });
    let name = DataName {
        file: FILE.to_owned(),
        group: tag,
        universe: "acme".to_owned(),
        scope: "contacts".to_owned(),
        subsection: "crm".to_owned(),
        date: "2026-01-01".parse().unwrap(),
        suffix: None,
    };
    Kind::Data { name, rank: 0, settle_seconds: 10, group, unpacked: None }
}

fn refused() -> Kind {
    let reason = Reason::new("name", "the name has no date");
    Kind::Refused(Refusal { outcome: Outcome::Bogus, reason })
}

fn import(kind: Kind, progress: Progress) -> ImportRun {
    ImportRun {
        id: ID.parse().unwrap(),
        repository: repository(),
        file: FILE.to_owned(),
        source: Source { key: format!("waiting/partner/{ID}/{FILE}"), version: None },
        archive: None,
        fetched: None,
        bytes: 2_048,
        arrived: "2026-01-01T10:00:00Z".parse().unwrap(),
        kind,
        progress,
    }
}

fn pinned(checked: bool, content: bool) -> Progress {
    let content = content.then(|| Content { bytes: 2_048, sha256: "e3".to_owned() });
    let at = "2026-01-01T10:05:00Z".parse().unwrap();
    Progress::Started(Pinned { at, config: "c".to_owned(), loaders: 1, notes: Vec::new(), checked, content })
}

fn conclusion(outcome: Outcome) -> Conclusion {
    Conclusion {
        outcome,
        code: matches!(outcome, Outcome::Bogus | Outcome::NotProcessed).then(|| "policy-exceeded".to_owned()),
        counts: Counts::default(),
        findings: Vec::new(),
        sha256: None,
        finished: "2026-01-01T10:06:00Z".parse().unwrap(),
        place: Key::placed(outcome.place(), &repository(), FILE),
        log: Key::log(&repository(), FILE),
        report: KeptReport::At(Key::report(&repository(), FILE, ID.parse().unwrap(), 1)),
        badlines: None,
        mail_due: false,
        mail_trouble: None,
        problem: None,
        bytes: None,
        digest: None,
    }
}

fn report(outcome: Outcome, recipients: &[&str]) -> Report {
    let reason =
        Reason::new("policy-exceeded", "1 of 3 lines was rejected").with_hint(Some("fix it".to_owned()));
    let refused = matches!(outcome, Outcome::Bogus | Outcome::NotProcessed);
    Report {
        repository: "partner".to_owned(),
        import: ID.parse().unwrap(),
        file: FILE.to_owned(),
        archive: None,
        bytes: 2_048,
        sha256: None,
        universe: None,
        scope: None,
        subsection: None,
        date: None,
        group: Some(GroupPlace { id: "daily".to_owned(), slot: 2, last: 3, generation: 7 }),
        outcome,
        reason: refused.then_some(reason),
        counts: Counts { read: 3, imported: 3, ..Counts::default() },
        findings_total: 0,
        kinds: Vec::new(),
        findings: Vec::new(),
        mistakes_total: 0,
        mistakes: Vec::new(),
        notes: Vec::new(),
        arrived: "2026-01-01T10:00:00Z".parse().unwrap(),
        began: Some("2026-01-01T10:05:00Z".parse().unwrap()),
        finished: "2026-01-01T10:06:00Z".parse().unwrap(),
        place: String::new(),
        badlines: None,
        log: String::new(),
        recipients: recipients.iter().map(|&to| to.to_owned()).collect(),
    }
}

/// The words of one step.
#[track_caller]
fn words(import: &ImportRun, around: &Around, step: Name) -> String {
    let steps = story(import, around);
    let found: Vec<_> = steps.iter().filter(|told| told.name == step).collect();
    assert_eq!(found.len(), 1, "{steps:?}");
    found[0].text.clone()
}

#[test]
fn how_it_came() {
    let mut dropped = import(data(true), Progress::Registered);
    let told = |import: &ImportRun| words(import, &Around::default(), Name::Arrived);
    assert_eq!(told(&dropped), "it was dropped into imports/partner/ and registered; 2.0 KiB");
    dropped.archive = Some((ID.parse().unwrap(), "monday.zip".to_owned()));
    assert_eq!(told(&dropped), "it arrived in the archive monday.zip; 2.0 KiB");
}

#[test]
fn what_its_name_says() {
    let told = |kind| words(&import(kind, Progress::Registered), &Around::default(), Name::Named);
    let name = "its name means: contacts of universe acme, import crm, of 2026-01-01; ";
    assert_eq!(told(data(false)), format!("{name}it belongs to no group"));
    assert_eq!(told(data(true)), format!("{name}slot 02 of 03 of group daily"));
    let mut late = data(true);
    if let Kind::Data { group: Some(group), .. } = &mut late {
        group.late = true;
    }
    assert_eq!(
        told(late),
        format!(
            "{name}slot 02 of 03 of group daily, which had already started, so it belongs to the next one"
        )
    );
    assert_eq!(
        told(Kind::Archive),
        "its name is that of an archive: each of several files in it is an import of its own"
    );
    let configuration = Kind::Configuration { universe: "acme".to_owned() };
    assert_eq!(told(configuration), "its name is that of the configuration of universe acme");
    assert_eq!(told(refused()), "it was refused without being opened: the name has no date");
}

#[test]
fn what_it_waits_for() {
    let lies = format!("; until then it lies at waiting/partner/{ID}/{FILE}");
    let told = |kind, around: Around| words(&import(kind, Progress::Registered), &around, Name::Waits);
    let waiting = WaitingGroup {
        repository: repository(),
        group: GroupRef { id: "daily".to_owned(), last: 3, generation: 7 },
        missing: vec![1, 3],
        files: vec![FILE.to_owned()],
        since: "2026-01-01T10:00:00Z".parse().unwrap(),
    };
    assert_eq!(
        told(data(true), Around { waiting: Some(waiting), ..Around::default() }),
        format!(
            "it waits for slots 01 and 03 of 03 of its group daily; 1 file received since 2026-01-01T10:00:00Z{lies}"
        )
    );
    let before = |before| Around { before, ..Around::default() };
    for (kind, around, expected) in [
        (data(true), before(Some(4)), "its group is complete; 4 files are before it"),
        (data(false), before(Some(1)), "1 file is before it"),
        (data(false), before(Some(0)), "it is the next one to be imported"),
        (data(false), before(None), "it waits for earlier files"),
        (data(false), Around { in_hand: true, ..Around::default() }, "it is next"),
        (
            Kind::Unresolved { settle_seconds: 10, unpacked: None },
            Around::default(),
            "it waits for a configuration that may still come",
        ),
        (
            Kind::Unresolved { settle_seconds: 10, unpacked: None },
            Around { in_flight: true, ..Around::default() },
            "it waits for a configuration that was dropped before it and is not active yet",
        ),
        (
            data(false),
            Around { in_flight: true, before: Some(0), ..Around::default() },
            "it waits for a configuration of its repository that is not active yet",
        ),
        (Kind::Archive, Around::default(), "it is about to be unpacked"),
        (Kind::Configuration { universe: "acme".to_owned() }, Around::default(), "it is about to be checked"),
        (refused(), Around::default(), "it is about to be moved to the refused files"),
    ] {
        assert_eq!(told(kind, around), format!("{expected}{lies}"));
    }
}

#[test]
fn what_is_being_done() {
    let at_work = || Around { at_work: true, ..Around::default() };
    for (kind, progress, expected) in [
        (data(true), pinned(false, false), "it is being checked; nothing of it is loaded yet"),
        (
            data(true),
            pinned(true, false),
            "it passed the check of its group; nothing is loaded before all files of it have",
        ),
        (data(true), pinned(false, true), "it passed its check (2.0 KiB), and its lines are being loaded"),
        (Kind::Archive, pinned(false, false), "its outcome is about to be decided"),
        (refused(), pinned(false, false), "its outcome is about to be decided"),
    ] {
        let import = import(kind, progress);
        assert_eq!(words(&import, &at_work(), Name::Waits), expected);
        let alone = words(&import, &Around::default(), Name::Waits);
        assert_eq!(
            alone,
            format!(
                "{expected}; no process is working on it: it was interrupted, and the next run continues"
            )
        );
    }
    let archive = import(Kind::Archive, pinned(false, false));
    assert_eq!(words(&archive, &at_work(), Name::Begun), "it was unpacked, and its files are registered");
}

#[test]
fn how_it_ended() {
    for (outcome, expected) in [
        (Outcome::Imported, "imported: all 3 lines"),
        (Outcome::Unpacked, "unpacked; it contained a.csv and b.csv"),
        (Outcome::Activated, "configuration activated; files that start from now on are imported under it"),
        (Outcome::Bogus, "refused: 1 of 3 lines was rejected; nothing was imported"),
        (
            Outcome::NotProcessed,
            "not processed: 1 of 3 lines was rejected; it was not processed, for a reason outside the file",
        ),
    ] {
        let import = import(data(true), Progress::Done(conclusion(outcome)));
        let members = vec!["a.csv".to_owned(), "b.csv".to_owned()];
        let around = Around { report: Some(report(outcome, &[])), members, ..Around::default() };
        assert_eq!(words(&import, &around, Name::Outcome), expected);
        assert_eq!(
            words(&import, &around, Name::Begun),
            "all 3 files of its group had arrived, and processing started"
        );
        let next = story(&import, &around).into_iter().find(|step| step.name == Name::Next);
        let refused = matches!(outcome, Outcome::Bogus | Outcome::NotProcessed);
        assert_eq!(next.map(|step| step.text), refused.then(|| "fix it".to_owned()));
    }
}

#[test]
fn how_it_ended_without_its_report() {
    for (outcome, expected) in [
        (Outcome::Imported, "imported: 0 lines read, 0 rejected"),
        (Outcome::Unpacked, "unpacked; it contained no file"),
        (Outcome::Bogus, "refused: policy-exceeded; nothing was imported"),
    ] {
        let import = import(data(true), Progress::Done(conclusion(outcome)));
        assert_eq!(words(&import, &Around::default(), Name::Outcome), expected);
        let mail = words(&import, &Around::default(), Name::Mail);
        assert_eq!(mail, "it is unknown whether a mail was sent: its report is gone");
    }
}

#[test]
fn an_outcome_that_is_being_carried_out() {
    let import = import(data(true), Progress::Concluding(conclusion(Outcome::Imported)));
    let around = Around { report: Some(report(Outcome::Imported, &[])), ..Around::default() };
    let next = words(&import, &around, Name::Next);
    assert_eq!(next, "its outcome is decided but not complete: the next run moves the file");
}

#[test]
fn where_things_are() {
    let told =
        |conclusion| words(&import(data(true), Progress::Done(conclusion)), &Around::default(), Name::Place);
    let done = conclusion(Outcome::Imported);
    let log = format!("its log is at logs/partner/{FILE}.log");
    assert_eq!(told(done.clone()), format!("it is at archives/partner/{FILE}; {log}"));
    let gone = Conclusion { code: Some("gone".to_owned()), ..conclusion(Outcome::NotProcessed) };
    let nowhere = "the file is gone: it was removed before its outcome was decided";
    assert_eq!(told(gone), format!("{nowhere}; {log}"));
    let place = done.place.renamed(ID.parse().unwrap());
    let moved = told(Conclusion { place: place.clone(), ..done });
    let why = "names that contain the import id were changed when a later file used the name";
    assert_eq!(moved, format!("it is at {place}; {log}; {why}"));
}

#[test]
fn rejected_lines_are_dropped_again_under_a_name_that_waits_for_nothing() {
    let badlines = Key::placed(Place::Badlines, &repository(), "acme_contacts_crm_20260101.csv");
    let moved = badlines.renamed(ID.parse().unwrap());
    for key in [badlines, moved] {
        let done = Conclusion { badlines: Some(key.clone()), ..conclusion(Outcome::Imported) };
        let next = words(&import(data(true), Progress::Done(done)), &Around::default(), Name::Next);
        let expected =
            format!("to import the rejected lines, fix {key} and drop it as acme_contacts_crm_20260101.csv");
        assert_eq!(next, expected);
    }
}

#[test]
fn who_was_told() {
    let told = |due, report: Option<Report>| {
        let done = Conclusion { mail_due: due, ..conclusion(Outcome::Imported) };
        words(&import(data(true), Progress::Done(done)), &Around { report, ..Around::default() }, Name::Mail)
    };
    let two: &[&str] = &["a@example.org", "b@example.org"];
    let clean = |to| Some(report(Outcome::Imported, to));
    assert_eq!(told(true, clean(two)), "the mail to a@example.org and b@example.org is still to be sent");
    assert_eq!(told(true, None), "a mail is still to be sent");
    assert_eq!(told(false, clean(two)), "a mail was sent to a@example.org and b@example.org");
    assert_eq!(told(false, clean(&[])), "no mail: this import has no recipients for files without findings");
    let refused = Some(report(Outcome::Bogus, &[]));
    assert_eq!(told(false, refused), "no mail: this import has no recipients");
}

#[test]
fn a_mail_that_could_not_be_sent_is_explained() {
    let trouble =
        Trouble { at: "2026-01-01T10:07:00Z".parse().unwrap(), why: "verify the sender in SES".to_owned() };
    let told = |due| {
        let done = Conclusion {
            mail_due: due,
            mail_trouble: Some(trouble.clone()),
            ..conclusion(Outcome::Imported)
        };
        let report = Some(report(Outcome::Imported, &["a@example.org"]));
        words(&import(data(true), Progress::Done(done)), &Around { report, ..Around::default() }, Name::Mail)
    };
    assert_eq!(
        told(true),
        "the mail to a@example.org could not be sent yet and will be retried: verify the sender in SES"
    );
    assert_eq!(
        told(false),
        "a mail could not be sent to all recipients and is not retried: verify the sender in SES"
    );
}

#[test]
fn a_report_that_waits_for_a_digest_says_which_and_until_when() {
    let told = |every, due, trouble: Option<&str>, waits: Option<&str>, own: &[&str]| {
        let found = |why: &str| Trouble { at: "2026-01-01T11:07:00Z".parse().unwrap(), why: why.to_owned() };
        let place = DigestPlace {
            every,
            from: (every == Digest::Hour).then(|| "2026-01-01T10:00:00Z".parse().unwrap()),
            recipients: vec!["data@example.org".to_owned()],
            due,
            trouble: trouble.map(found),
        };
        let done = Conclusion { digest: Some(place), ..conclusion(Outcome::Imported) };
        let around = Around {
            report: Some(report(Outcome::Imported, own)),
            digest_trouble: waits.map(found),
            ..Around::default()
        };
        words(&import(data(true), Progress::Done(done)), &around, Name::Mail)
    };
    let hour = "the digest of 2026-01-01 10:00–11:00 UTC";
    assert_eq!(
        told(Digest::Hour, true, None, None, &[]),
        format!(
            "its report waits for {hour} to data@example.org, which is mailed after 2026-01-01 11:00:00 UTC"
        )
    );
    assert_eq!(
        told(Digest::Run, true, None, None, &[]),
        "its report waits for the digest of its run to data@example.org, which is mailed when the repository is idle"
    );
    assert_eq!(
        told(Digest::Hour, true, None, Some("paused"), &[]),
        format!("its report waits for {hour} to data@example.org, which could not be sent yet: paused")
    );
    assert_eq!(
        told(Digest::Hour, false, None, None, &[]),
        format!("its report was mailed to data@example.org in {hour}")
    );
    assert_eq!(
        told(Digest::Hour, false, Some("sandbox"), None, &[]),
        format!("its report is in {hour}, which could not be sent to all recipients: sandbox")
    );
    // Alerts are mailed at once.
    assert_eq!(
        told(Digest::Hour, false, None, None, &["ops@example.org"]),
        format!("a mail was sent to ops@example.org; its report was mailed to data@example.org in {hour}")
    );
}

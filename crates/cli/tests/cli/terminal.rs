//! How it behaves in a shell: help, colours, pipes, completions, hostile names.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use crate::support::{CONTACTS, MIXED, Place, command};

#[test]
fn every_command_has_help_with_examples() {
    let place = Place::empty();
    assert!(place.run(&["--help"]).expect(0).out.contains("Examples:\n  tidewaiter init"));
    let commands: [&[&str]; 10] = [
        &["init"],
        &["run"],
        &["watch"],
        &["status"],
        &["history"],
        &["records"],
        &["check"],
        &["config", "check"],
        &["config", "schema"],
        &["completions"],
    ];
    for command in commands {
        let out = place.run(&[command, &["--help"]].concat()).expect(0).out;
        let name = command.join(" ");
        assert!(
            out.contains("Examples:\n  ") && out.contains(&format!("tidewaiter {name}")),
            "{name}: {out}"
        );
    }
}

#[test]
fn no_help_text_breaks_on_a_narrow_terminal() {
    let place = Place::empty();
    for command in ["init", "run", "watch", "status", "history", "records", "check", "completions"] {
        let out = place.run(&[command, "--help"]).expect(0).out;
        let examples = &out[out.find("Examples:").unwrap()..];
        for line in examples.lines() {
            assert!(line.chars().count() <= 81, "{command}: {line}");
        }
    }
}

#[test]
fn bad_usage_is_a_failure() {
    let place = Place::empty();
    for arguments in
        [&["fly"][..], &["run"], &["run", "drop", "--quiet-for", "soon"], &["history", "--limit"]]
    {
        place.run(arguments).expect(2);
    }
}

#[test]
fn completions_are_there_for_every_shell() {
    let place = Place::empty();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let out = place.run(&["completions", shell]).expect(0).out;
        assert!(out.contains("tidewaiter") && out.contains("history"), "{shell}");
    }
}

#[test]
fn colours_are_for_terminals_and_for_those_who_ask() {
    let place = Place::deployment();
    place.dropped(CONTACTS, MIXED);
    assert!(!place.import().out.contains('\x1b'));
    for arguments in [&["history", "drop"][..], &["status", "drop"], &["records", "drop", "contacts"]] {
        assert!(!place.run(arguments).expect(0).out.contains('\x1b'), "{arguments:?}");
        let asked = [arguments, &["--color", "always"]].concat();
        assert!(place.run(&asked).expect(0).out.contains('\x1b'), "{arguments:?}");
    }
}

#[test]
fn nothing_that_a_partner_sends_reaches_a_terminal_raw() {
    let place = Place::deployment();
    let hostile = "evil\u{9b}31m\u{202e}.csv";
    place.dropped(hostile, "x").dropped(CONTACTS, "email;firstname\na@example.org;\u{9b}2J\u{202e}A\n");
    let mut outputs = vec![place.import().out];
    place.write(hostile, "email\n\u{1b}]0;title\u{7}\n");
    for arguments in [
        &["history", "drop"][..],
        &["history", "drop", "--format", "json"],
        &["records", "drop", "contacts"],
        &["records", "drop", "contacts", "--format", "json"],
        &["check", "--scope", "contacts", hostile],
        &["check", "--scope", "contacts", hostile, "--format", "json"],
        &["check", "missing\u{1b}[2J.csv"],
        &["run", "missing\u{1b}[2J"],
    ] {
        let answer = place.run(arguments);
        outputs.extend([answer.out, answer.err]);
    }
    for output in outputs {
        let raw = output.chars().find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
        assert_eq!(raw, None, "{output:?}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let place = Place::deployment();
    let many = (0..20_000).map(|n| format!("n{n:05}@example.org\n")).collect::<Vec<_>>().concat();
    place.dropped(CONTACTS, format!("email\n{many}"));
    place.import().expect(0);
    for format in ["text", "json", "csv"] {
        let mut child = command(&place.path(""), &["records", "drop", "contacts", "--format", format])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = String::new();
        BufReader::with_capacity(16, child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let mut err = String::new();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        assert_eq!((child.wait().unwrap().code(), err.as_str()), (Some(0), ""), "{format}");
    }
}

//! `tidewaiter check`: what an import would say of files, before they are sent.

mod fix;
pub(super) mod render;

use std::io;
use std::path::{Path, PathBuf};

use tidewaiter::check::fix::Encoding;
use tidewaiter::name::DroppedName;
use tidewaiter_ops::preflight::{
    Advice, Checks, Fix, Judge, Observer, Phase, active_in, active_in_files, file_name, keys_in,
    keys_in_files,
};

use self::render::Renderer;
use super::look;
use crate::args::{CheckArgs, EncodingName};
use crate::format::Format;
use crate::printer::{Line, Printer, style};
use crate::progress::Progress;
use crate::{Error, Result, Status};

/// How a check is told more.
const ADVICE: Advice = Advice {
    which_scope: crate::error::WHICH_SCOPE,
    whatever_the_name: "its content was not checked; `--scope {scope}` checks it, whatever its name",
    encrypted: "check the file before it is encrypted, or name the secret key with --key-file",
};

/// Checks files one after the other. One that cannot be read does not keep the others from being checked.
pub async fn run(args: CheckArgs, printer: &Printer) -> Result<Status> {
    let CheckArgs { files, configs, dir, repository, scope, delimiter, fix, encoding, all, format, .. } =
        args;
    let (key_files, passphrases) = (args.keys, args.passphrase_file);
    if fix.is_some() && (files.len() != 1 || files.iter().any(|file| is_stdin(file))) {
        return Err(Error::OneFile);
    }
    let encoding = encoding.map(|EncodingName::Windows1252| Encoding::Windows1252);
    let fix = fix.map(|out| Fix { out, encoding });
    // Keys that cannot be read are in the way of encrypted files only.
    let is_encrypted =
        |file: &PathBuf| matches!(DroppedName::of(&file_name(file)), DroppedName::Encrypted { .. });
    let needs_keys = files.iter().any(is_encrypted);
    let mut keys = if needs_keys { keys_in_files(&key_files, passphrases.as_deref())? } else { None };
    let active = match dir {
        Some(dir) => {
            let (deployment, repository) = look(&dir, repository).await?;
            if needs_keys && keys.is_none() {
                keys = keys_in(&deployment).await?;
            }
            Some(active_in(&deployment, repository.as_ref()).await?)
        }
        None if configs.is_empty() => None,
        None => Some(active_in_files(&configs)?),
    };
    let judge = Judge::new(active, scope.as_deref(), delimiter, ADVICE)?;
    let checks = Checks::new(judge, format == Format::Json).with_keys(keys);
    let progress = Progress::new(printer);
    let mut out = Renderer::new(printer, format, all);
    let mut failed = false;
    for file in &files {
        let done = check(&checks, file, fix.as_ref(), &progress, &mut out);
        progress.clear();
        if let Err(error) = done {
            if let Error::Output(_) = error {
                return Err(error);
            }
            failed = true;
            printer.error(&Line::new().styled(style::BAD, "error").text(format!(": {error}")));
            if let Some(hint) = error.hint() {
                printer.error(&Line::new().styled(style::DIM, "hint").text(format!(": {hint}")));
            }
        }
    }
    let findings = out.finish()?;
    Ok(match (failed, findings) {
        (true, _) => Status::Failure,
        (false, true) => Status::Findings,
        (false, false) => Status::Clean,
    })
}

fn check(
    checks: &Checks,
    file: &Path,
    fix: Option<&Fix>,
    progress: &Progress,
    out: &mut Renderer<'_>,
) -> Result<()> {
    match fix {
        _ if is_stdin(file) => {
            let read = checks.nameless("standard input", &mut io::stdin().lock())?;
            out.show(&read.map_err(Error::Stdin)?)
        }
        Some(fix) => out.show(&checks.fix(file, fix, progress)?),
        None => checks.file(file, progress, |preflight| out.show(preflight)),
    }
}

/// True for what stands for standard input: a data file without a name.
fn is_stdin(file: &Path) -> bool {
    file.as_os_str() == "-"
}

impl Observer for Progress {
    fn read(&self, phase: Phase, file: &str, done: u64, of: u64) {
        let word = match phase {
            Phase::Opening => "opening",
            Phase::Checking => "checking",
        };
        self.show(word, file, done, of);
    }
}

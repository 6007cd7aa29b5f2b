//! Writes the seeds of all targets, keeps a corpus, and runs a target on inputs that are at hand. Built with `--cfg fuzzing` it is a
//! fuzzer for the target that `FUZZ_TARGET` names: see `fuzz/run`.
#![allow(unexpected_cfgs, reason = "set by who builds the fuzzer")]
#![cfg_attr(fuzzing, no_main)]

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    static RUN: std::sync::LazyLock<fn(&[u8])> = std::sync::LazyLock::new(|| {
        let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
        tidewaiter_fuzz::Target::named(&name).map_or(|_| std::process::abort(), |target| target.run)
    });
    RUN(bytes);
});

#[cfg(not(fuzzing))]
fn main() -> std::io::Result<()> {
    use std::{env, fs, io};
    use tidewaiter_fuzz::{TARGETS, Target};

    let usage = || io::Error::other("tidewaiter-fuzz seeds FOLDER | keep TARGET FOLDER | TARGET FILE...");

    let mut arguments = env::args_os().skip(1);
    let what = arguments.next().unwrap_or_default();
    if what == "keep" {
        let named = arguments.next().and_then(|name| name.to_str().and_then(Target::named));
        let (Some(target), Some(folder)) = (named, arguments.next()) else { return Err(usage()) };
        return target.keep(folder.as_ref());
    }
    if let Some(target) = what.to_str().and_then(Target::named) {
        // Whoever finds something wrong panics.
        return arguments.try_for_each(|file| fs::read(file).map(|bytes| (target.run)(&bytes)));
    }
    let (Some("seeds"), Some(folder)) = (what.to_str(), arguments.next()) else {
        return Err(usage());
    };
    for target in TARGETS {
        let folder = std::path::Path::new(&folder).join(target.name);
        fs::create_dir_all(&folder)?;
        for (number, seed) in target.seeds().iter().enumerate() {
            fs::write(folder.join(format!("seed-{number}")), seed)?;
        }
    }
    Ok(())
}

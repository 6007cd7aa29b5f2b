//! Writes data of any size: `generate contacts --lines 1000000 --seed 7 [--bad-share 0.01] > file`.
#![expect(clippy::print_stderr, reason = "a command line talks to people")]

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use tidewaiter_tests::generate::{Plan, Scope, Sizes, generate};

const USAGE: &str = "\
usage: generate SCOPE [--lines N] [--first N] [--seed N] [--bad-share 0.01]
                [--all-bad] [--contacts N] [--stores N] [--products N] [--orders N]

SCOPE is contacts, stores, products, orders or ordersitems. Records are
numbered; --first says where to begin, from 0. The same seed and number give the same record. The last
four options say how many records of these scopes the lines may refer to.";

fn main() -> ExitCode {
    let plan = match plan(std::env::args().skip(1)) {
        Ok(plan) => plan,
        Err(mistake) => {
            eprintln!("{mistake}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let mut out = BufWriter::with_capacity(1 << 18, io::stdout().lock());
    match generate(&plan, &mut out).and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        // Whoever reads has had enough: `| head`.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn plan(mut arguments: impl Iterator<Item = String>) -> Result<Plan, String> {
    let wanted = arguments.next().ok_or("which scope?")?;
    let known = Scope::ALL.into_iter().find(|(name, _)| *name == wanted);
    let (_, scope) = known.ok_or_else(|| format!("unknown scope `{wanted}`"))?;
    let mut plan = Plan { scope, lines: 1_000, first: 0, seed: 1, bad_share: 0.0, world: Sizes::default() };
    while let Some(option) = arguments.next() {
        if option == "--all-bad" {
            plan.bad_share = 1.0;
            continue;
        }
        let value = arguments.next().ok_or_else(|| format!("{option} takes a value"))?;
        let number = || value.parse::<u64>().map_err(|error| format!("{option} {value}: {error}"));
        match option.as_str() {
            "--lines" => plan.lines = number()?,
            "--first" => plan.first = number()?,
            "--seed" => plan.seed = number()?,
            "--contacts" => plan.world.contacts = number()?,
            "--stores" => plan.world.stores = number()?,
            "--products" => plan.world.products = number()?,
            "--orders" => plan.world.orders = number()?,
            "--bad-share" => {
                plan.bad_share = value.parse().map_err(|error| format!("{option} {value}: {error}"))?;
            }
            _ => return Err(format!("unknown option `{option}`")),
        }
    }
    Ok(plan)
}

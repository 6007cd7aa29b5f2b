//! The page of a day.

use jiff::civil::Date;
use tidewaiter::keys::Repository;
use tidewaiter_pipeline::local::Local;

use crate::Result;
use crate::printer::Printer;

#[expect(clippy::unused_async, reason = "nothing is read yet")]
pub(super) async fn page(
    _local: &Local,
    _repository: Option<Repository>,
    _day: Date,
    _printer: &Printer,
) -> Result<()> {
    Ok(())
}

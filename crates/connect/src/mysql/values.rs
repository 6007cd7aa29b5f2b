//! Values of MySQL and MariaDB as texts.

use std::io::Write;

use mysql_async::Value;
use tidewaiter_engine::ports::RowBatch;

use super::kinds::Writing;
use crate::numbers::{write_float, write_single};

/// Writes a value into a batch.
pub(crate) fn write(value: Option<&Value>, writing: Writing, batch: &mut RowBatch) {
    let Some(value) = value.filter(|value| **value != Value::NULL) else { return batch.push_null() };
    let into = batch.value();
    // Writing to memory does not fail.
    let _ = match value {
        Value::NULL => Ok(()),
        Value::Bytes(bytes) if writing == Writing::Bits => {
            let bits = bytes.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
            write!(into, "{bits}")
        }
        Value::Bytes(bytes) => into.write_all(bytes),
        Value::Int(number) => write!(into, "{number}"),
        Value::UInt(number) => write!(into, "{number}"),
        Value::Float(number) => {
            write_single(*number, into);
            Ok(())
        }
        Value::Double(number) => {
            write_float(*number, into);
            Ok(())
        }
        Value::Date(year, month, day, hour, minute, second, micros) => {
            let date = write!(into, "{year:04}-{month:02}-{day:02}");
            if writing == Writing::Date {
                date
            } else {
                let time = write!(into, "T{hour:02}:{minute:02}:{second:02}");
                fraction(*micros, into);
                if writing == Writing::Moment {
                    into.push(b'Z');
                }
                date.and(time)
            }
        }
        Value::Time(is_negative, days, hours, minutes, seconds, micros) => {
            let sign = if *is_negative { "-" } else { "" };
            let hours = u64::from(*days) * 24 + u64::from(*hours);
            let time = write!(into, "{sign}{hours:02}:{minutes:02}:{seconds:02}");
            fraction(*micros, into);
            time
        }
    };
    batch.end();
}

/// The digits of microseconds that say something.
fn fraction(micros: u32, into: &mut Vec<u8>) {
    if micros > 0 {
        let digits = format!("{micros:06}");
        into.push(b'.');
        into.extend_from_slice(digits.trim_end_matches('0').as_bytes());
    }
}

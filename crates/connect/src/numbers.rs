//! Numbers as a file holds them: with all digits, and without an exponent.

use std::io::Write;

/// Writes a floating-point number: the shortest digits that are exactly this number.
pub(crate) fn write_float(number: f64, into: &mut Vec<u8>) {
    match not_a_number(number) {
        Some(word) => into.extend_from_slice(word),
        // Writing to memory does not fail.
        None => drop(write!(into, "{number}")),
    }
}

/// The same for a number of single precision, whose shortest digits are fewer.
pub(crate) fn write_single(number: f32, into: &mut Vec<u8>) {
    match not_a_number(f64::from(number)) {
        Some(word) => into.extend_from_slice(word),
        None => drop(write!(into, "{number}")),
    }
}

/// What is no number is written as a word, which the check of a file finds.
fn not_a_number(number: f64) -> Option<&'static [u8]> {
    match number {
        _ if number.is_nan() => Some(b"NaN"),
        f64::INFINITY => Some(b"Infinity"),
        f64::NEG_INFINITY => Some(b"-Infinity"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn float(number: f64) -> String {
        let mut into = Vec::new();
        write_float(number, &mut into);
        String::from_utf8(into).unwrap()
    }

    #[test]
    fn a_number_has_no_exponent() {
        assert_eq!(float(1e21), "1000000000000000000000");
        assert_eq!(float(-1.5e-7), "-0.00000015");
        assert_eq!(float(0.1), "0.1");
        assert_eq!(float(3.0), "3");
        assert_eq!([f64::NAN, f64::INFINITY, -f64::INFINITY].map(float), ["NaN", "Infinity", "-Infinity"]);
        let mut single = Vec::new();
        write_single(0.1, &mut single);
        assert_eq!(single, b"0.1");
    }

    proptest::proptest! {
        #[test]
        fn a_number_is_read_back(bits: u64) {
            let number = f64::from_bits(bits);
            proptest::prop_assume!(number.is_finite());
            proptest::prop_assert_eq!(float(number).parse::<f64>().unwrap().to_bits(), bits);
        }
    }
}

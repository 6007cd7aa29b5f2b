//! What single values may be: numbers, truths, missing values, countries.

use tidewaiter::config::dialect::{Decimal, Thousands};

/// How numbers are written: the decimal separator and that of thousands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Style {
    pub(super) decimal: char,
    pub(super) thousands: Option<char>,
}

/// The usual way: a point and nothing else.
pub(super) const PLAIN: Style = Style { decimal: '.', thousands: None };

/// The styles that are tried, in the order in which they are preferred where several fit.
pub(super) const STYLES: [Style; 8] = [
    PLAIN,
    Style { decimal: '.', thousands: Some(',') },
    Style { decimal: ',', thousands: None },
    Style { decimal: ',', thousands: Some('.') },
    Style { decimal: ',', thousands: Some(' ') },
    Style { decimal: '.', thousands: Some(' ') },
    Style { decimal: '.', thousands: Some('\'') },
    Style { decimal: ',', thousands: Some('\'') },
];

/// What a number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number {
    pub(super) is_whole: bool,
    /// It begins with a zero that does not count: `007`.
    pub(super) has_leading_zero: bool,
    pub(super) digits: usize,
}

impl Style {
    fn separators(self) -> (Decimal, Option<Thousands>) {
        let all = [Thousands::Comma, Thousands::Point, Thousands::Apostrophe, Thousands::Space];
        let of = |c: char| all.into_iter().find(|thousands| thousands.is(c));
        let decimal = if self.decimal == ',' { Decimal::Comma } else { Decimal::Point };
        (decimal, self.thousands.and_then(of))
    }
}

/// Reads a number as the check of an import does; None if it is none in this style.
pub(super) fn number(text: &str, style: Style) -> Option<Number> {
    let (decimal, thousands) = style.separators();
    let read = tidewaiter::check::number(text, decimal, thousands)?;
    let unsigned = read.strip_prefix('-').unwrap_or(&read);
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    // `0.500` is no thousands.
    let is_grouped = thousands.is_some_and(|thousands| text.contains(|c: char| thousands.is(c)));
    if is_grouped && whole.starts_with('0') {
        return None;
    }
    Some(Number {
        is_whole: fraction.is_empty(),
        has_leading_zero: whole.len() > 1 && whole.starts_with('0'),
        digits: whole.len() + fraction.len(),
    })
}

/// Pairs of texts that mean true and false, in small letters.
const TRUTHS: [(&str, &str); 15] = [
    ("true", "false"),
    ("yes", "no"),
    ("y", "n"),
    ("oui", "non"),
    ("o", "n"),
    ("ja", "nein"),
    ("j", "n"),
    ("s\u{ed}", "no"),
    ("si", "no"),
    ("s", "n"),
    ("vrai", "faux"),
    ("wahr", "falsch"),
    ("verdadero", "falso"),
    ("t", "f"),
    ("on", "off"),
];

/// What a text says in one of the pairs: their numbers, with true or false for each.
pub(super) fn truths(text: &str) -> impl Iterator<Item = (usize, bool)> {
    let lower = text.to_lowercase();
    TRUTHS.iter().enumerate().filter_map(move |(n, (yes, no))| {
        if *yes == lower { Some((n, true)) } else { (*no == lower).then_some((n, false)) }
    })
}

/// How many pairs there are.
pub(super) const PAIRS: usize = TRUTHS.len();

/// The counterpart of a text in a pair, in the same case of letters.
pub(super) fn counterpart(pair: usize, text: &str) -> Option<String> {
    let (yes, no) = TRUTHS.get(pair)?;
    let lower = text.to_lowercase();
    let other = if lower == *yes { *no } else { *yes };
    let mut chars = text.chars();
    let is_capital = chars.next().is_some_and(char::is_uppercase);
    let is_all = is_capital && chars.all(|c| !c.is_lowercase());
    Some(if is_all {
        other.to_uppercase()
    } else if is_capital {
        let mut chars = other.chars();
        chars.next().map(|c| c.to_uppercase().chain(chars.flat_map(char::to_lowercase)).collect())?
    } else {
        other.to_owned()
    })
}

/// Texts that mean "no value" wherever they stand.
const MISSING: [&str; 11] =
    ["NULL", "null", "Null", "(null)", "<null>", "\\N", "#N/A", "N/A", "n/a", "NaN", "[NULL]"];
/// Texts that mean it in a column of numbers, dates or truths. Elsewhere they may be values: `NA` is Namibia.
const PERHAPS_MISSING: [&str; 12] =
    ["-", "--", "---", "NA", "na", "nan", "None", "none", "nil", "?", "#NV", "#REF!"];

/// True for a text that means "no value".
pub(super) fn is_missing(text: &str) -> bool {
    MISSING.contains(&text)
}

/// True for a text that means "no value" where values are of another type.
pub(super) fn may_be_missing(text: &str) -> bool {
    PERHAPS_MISSING.contains(&text)
}

/// True for what is no label: a number, an address, a date.
pub(super) fn is_clearly_a_value(text: &str) -> bool {
    let is_number = STYLES.iter().any(|style| number(text, *style).is_some());
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let is_date = digits >= 6 && text.chars().all(|c| c.is_ascii_digit() || "-/.: TZ+".contains(c));
    is_number || is_date || text.contains('@') || text.contains("://") || is_missing(text)
}

/// True for the code of a country in capitals.
pub(super) fn is_country(code: &str) -> bool {
    let list = match code.len() {
        2 => ALPHA_2,
        3 => ALPHA_3,
        _ => return false,
    };
    code.bytes().all(|byte| byte.is_ascii_uppercase()) && list.split(' ').any(|known| known == code)
}

/// ISO 3166-1 alpha-2.
const ALPHA_2: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS \
BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK \
FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM \
JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS \
MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW \
SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM \
US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

/// ISO 3166-1 alpha-3.
const ALPHA_3: &str = "ABW AFG AGO AIA ALA ALB AND ARE ARG ARM ASM ATA ATF ATG AUS AUT AZE BDI BEL BEN BES BFA BGD BGR \
BHR BHS BIH BLM BLR BLZ BMU BOL BRA BRB BRN BTN BVT BWA CAF CAN CCK CHE CHL CHN CIV CMR COD COG COK COL COM CPV CRI CUB \
CUW CXR CYM CYP CZE DEU DJI DMA DNK DOM DZA ECU EGY ERI ESH ESP EST ETH FIN FJI FLK FRA FRO FSM GAB GBR GEO GGY GHA GIB \
GIN GLP GMB GNB GNQ GRC GRD GRL GTM GUF GUM GUY HKG HMD HND HRV HTI HUN IDN IMN IND IOT IRL IRN IRQ ISL ISR ITA JAM JEY \
JOR JPN KAZ KEN KGZ KHM KIR KNA KOR KWT LAO LBN LBR LBY LCA LIE LKA LSO LTU LUX LVA MAC MAF MAR MCO MDA MDG MDV MEX MHL \
MKD MLI MLT MMR MNE MNG MNP MOZ MRT MSR MTQ MUS MWI MYS MYT NAM NCL NER NFK NGA NIC NIU NLD NOR NPL NRU NZL OMN PAK PAN \
PCN PER PHL PLW PNG POL PRI PRK PRT PRY PSE PYF QAT REU ROU RUS RWA SAU SDN SEN SGP SGS SHN SJM SLB SLE SLV SMR SOM SPM \
SRB SSD STP SUR SVK SVN SWE SWZ SXM SYC SYR TCA TCD TGO THA TJK TKL TKM TLS TON TTO TUN TUR TUV TWN TZA UGA UKR UMI URY \
USA UZB VAT VCT VEN VGB VIR VNM VUT WLF WSM XKX YEM ZAF ZMB ZWE";

#[cfg(test)]
mod tests {
    use super::*;

    fn reads(text: &str) -> Vec<(char, Option<char>)> {
        let fits = |style: &&Style| number(text, **style).is_some();
        STYLES.iter().filter(fits).map(|style| (style.decimal, style.thousands)).collect()
    }

    #[test]
    fn numbers_fit_styles() {
        assert_eq!(reads("1.234,50"), [(',', Some('.'))]);
        assert_eq!(reads("1,234.50"), [('.', Some(','))]);
        assert_eq!(reads("0.500").first(), Some(&('.', None)));
        assert!(!reads("0.500").contains(&(',', Some('.'))));
        assert_eq!(reads("1\u{202f}234,5"), [(',', Some(' '))]);
        assert_eq!(reads("+33"), []);
        assert_eq!(reads("12-"), []);
        assert_eq!(reads(""), []);
        assert!(number("007", PLAIN).unwrap().has_leading_zero);
        assert!(!number("0.7", PLAIN).unwrap().has_leading_zero);
    }

    #[test]
    fn counterparts_are_written_alike() {
        assert_eq!(counterpart(1, "YES").as_deref(), Some("NO"));
        assert_eq!(counterpart(1, "No").as_deref(), Some("Yes"));
        assert_eq!(counterpart(2, "Y").as_deref(), Some("N"));
        assert_eq!(counterpart(3, "oui").as_deref(), Some("non"));
    }

    #[test]
    fn countries_are_known_codes() {
        assert!(["FR", "DE", "FRA", "GBR"].iter().all(|code| is_country(code)));
        assert!(["fr", "XX", "F", "A D", "EN", ""].iter().all(|code| !is_country(code)));
        assert_eq!((ALPHA_2.split(' ').count(), ALPHA_3.split(' ').count()), (250, 250));
    }
}

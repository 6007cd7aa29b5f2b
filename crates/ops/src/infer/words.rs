//! Labels of columns as words: without case, accents and what stands between words.

use std::collections::HashSet;

/// The longest name that is made of a label.
const LONGEST: usize = 60;

/// The words of a label: `Código Postal` and `codigoPostal` are `codigo`, `postal`.
pub(super) fn words(label: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut before = ' ';
    for c in label.chars() {
        // A capital begins a word behind a small letter: firstName, but not ID.
        let begins = c.is_uppercase() && (before.is_lowercase() || before.is_numeric());
        if !c.is_alphanumeric() || begins {
            words.push(std::mem::take(&mut word));
        }
        if c.is_alphanumeric() {
            c.to_lowercase().for_each(|c| plain(c, &mut word));
        }
        before = c;
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

/// What is compared of a label: its words in one.
pub(super) fn key(label: &str) -> String {
    words(label).concat()
}

/// Names of fields for labels: small ASCII letters, digits and `_`, each name once.
pub(super) fn field_names(labels: &[String]) -> Vec<String> {
    let mut taken = HashSet::new();
    let name = |(n, label): (usize, &String)| {
        let joined = words(label).join("_");
        let short: String = joined.chars().filter(char::is_ascii).take(LONGEST).collect();
        let short = short.trim_matches('_');
        let base = if short.is_empty() { format!("column_{}", n + 1) } else { short.to_owned() };
        let mut name = base.clone();
        let mut number = 2;
        while !taken.insert(name.clone()) {
            name = format!("{base}_{number}");
            number += 1;
        }
        name
    };
    labels.iter().enumerate().map(name).collect()
}

/// Writes a small letter without its accent.
fn plain(c: char, word: &mut String) {
    let letters = match c {
        'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' | 'ā' | 'ă' | 'ą' => "a",
        'ç' | 'ć' | 'č' | 'ĉ' | 'ċ' => "c",
        'ď' | 'đ' | 'ð' => "d",
        'è' | 'é' | 'ê' | 'ë' | 'ē' | 'ė' | 'ę' | 'ě' => "e",
        'ğ' | 'ģ' => "g",
        'ì' | 'í' | 'î' | 'ï' | 'ī' | 'į' | 'ı' => "i",
        'ł' | 'ļ' | 'ľ' => "l",
        'ñ' | 'ń' | 'ň' | 'ņ' => "n",
        'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' | 'ō' | 'ő' => "o",
        'ŕ' | 'ř' => "r",
        'ś' | 'š' | 'ş' | 'ș' => "s",
        'ţ' | 'ť' | 'ț' => "t",
        'ù' | 'ú' | 'û' | 'ü' | 'ū' | 'ů' | 'ű' | 'ų' => "u",
        'ý' | 'ÿ' => "y",
        'ź' | 'ž' | 'ż' => "z",
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        // An accent that is a character of its own.
        '\u{300}'..='\u{36f}' => "",
        _ => {
            word.push(c);
            return;
        }
    };
    word.push_str(letters);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_words() {
        for (label, expected) in [
            ("First Name", "first_name"),
            ("E-Mail", "e_mail"),
            ("N° commande", "n_commande"),
            ("Prénom", "prenom"),
            ("firstName", "first_name"),
            ("OrderID", "order_id"),
            ("ORDER_ID", "order_id"),
            ("Straße", "strasse"),
            ("  Größe (cm) ", "grosse_cm"),
        ] {
            assert_eq!(words(label).join("_"), expected, "{label}");
        }
    }

    #[test]
    fn each_name_is_there_once() {
        let labels = ["Name", "name", "名前", "", "Name 2"].map(str::to_owned);
        assert_eq!(field_names(&labels), ["name", "name_2", "column_3", "column_4", "name_2_2"]);
    }
}

//! Data that look like a retailer's, of any size and always the same for a seed.
//!
//! What a line says depends on the seed and its number alone, so the scopes fit together: orders are of
//! contacts and stores that the other files hold, items are of those orders, and the total of an order is
//! that of its items.

use std::io::{self, Write};

/// The scopes that can be generated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// People; one in forty has a cellphone and no e-mail address.
    Contacts,
    /// Stores.
    Stores,
    /// Products.
    Products,
    /// Orders.
    Orders,
    /// Lines of orders: one to four for each.
    OrdersItems,
}

impl Scope {
    /// All of them, by name.
    pub const ALL: [(&'static str, Self); 5] = [
        ("contacts", Self::Contacts),
        ("stores", Self::Stores),
        ("products", Self::Products),
        ("orders", Self::Orders),
        ("ordersitems", Self::OrdersItems),
    ];

    fn header(self) -> &'static [u8] {
        match self {
            Self::Contacts => {
                b"customer_key;email;cellphone;civility;firstname;lastname;lang;birthdate;address;zipcode;city;country;store_id;optin_date;subscriptions\n"
            }
            Self::Stores => {
                b"store_id;name;address;zipcode;city;country;phone;email;latitude;longitude;opened_on;active\n"
            }
            Self::Products => {
                b"product_id;name;description;category;brand;ean;price;currency;stock;product_url;active\n"
            }
            Self::Orders => {
                b"order_id;contact;store_id;order_date;total_price;shipping;currency;line_count;status\n"
            }
            Self::OrdersItems => b"order_id;product_id;quantity;unit_price;total_price;size;color\n",
        }
    }
}

/// What to generate.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// The scope.
    pub scope: Scope,
    /// How many lines follow the header.
    pub lines: u64,
    /// The number of the first record, from 0; of the first order for lines of orders.
    pub first: u64,
    /// Decides everything that looks like chance.
    pub seed: u64,
    /// The share of lines with a mistake in them, from 0 to 1.
    pub bad_share: f64,
    /// How many contacts, stores, products and orders there are to refer to.
    pub world: Sizes,
}

/// How many records of each kind other scopes refer to.
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// Contacts.
    pub contacts: u64,
    /// Stores.
    pub stores: u64,
    /// Products.
    pub products: u64,
    /// Orders.
    pub orders: u64,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { contacts: 2_000, stores: 60, products: 400, orders: 1_500 }
    }
}

/// Writes a file: a header and the lines.
///
/// # Errors
/// What the writer says.
pub fn generate(plan: &Plan, out: &mut impl Write) -> io::Result<()> {
    out.write_all(plan.scope.header())?;
    let mut line = Vec::with_capacity(512);
    let mut mistakes = Chance::new(plan.seed ^ 0x0bad_0bad);
    let (mut order, mut item) = (plan.first, 0);
    for number in plan.first..plan.first + plan.lines {
        line.clear();
        match plan.scope {
            Scope::Contacts => contact(plan, number, &mut line),
            Scope::Stores => store(plan, number, &mut line),
            Scope::Products => product(plan, number, &mut line),
            Scope::Orders => order_line(plan, number, &mut line),
            Scope::OrdersItems => {
                if item == Order::of(plan, order).items {
                    order += 1;
                    // Beyond the last order, items are added to the first ones.
                    (order, item) = (if order >= plan.world.orders { 0 } else { order }, 0);
                }
                item_line(plan, order, item, &mut line);
                item += 1;
            }
        }
        if mistakes.share() < plan.bad_share {
            spoil(&mut mistakes, &mut line);
        }
        line.push(b'\n');
        out.write_all(&line)?;
    }
    Ok(())
}

/// Splitmix64: small, fast, and good enough to look like chance.
#[derive(Debug, Clone)]
pub struct Chance(u64);

impl Chance {
    /// The chance of a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The chance of one record: the same whenever it is asked for.
    fn of(seed: u64, kind: u64, number: u64) -> Self {
        let mut chance = Self(
            seed ^ kind.wrapping_mul(0xa076_1d64_78bd_642f) ^ number.wrapping_mul(0xe703_7ed1_a0b4_28db),
        );
        chance.any();
        chance
    }

    /// Any number.
    pub fn any(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`; 0 if that is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.any().checked_rem(end).unwrap_or(0)
    }

    /// A number from 0 to 1, never 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits are what a float holds")]
    pub fn share(&mut self) -> f64 {
        (self.any() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        let at = self.below(from.len() as u64);
        usize::try_from(at).ok().and_then(|at| from.get(at)).copied().unwrap_or_default()
    }
}

const FIRST: [&str; 24] = [
    "Ana", "Bruno", "Céline", "David", "Élise", "Farid", "Gaëlle", "Hugo", "Inès", "Jules", "Karim", "Léa",
    "Manon", "Noé", "Océane", "Paul", "Quentin", "Rosa", "Samir", "Théo", "Ursula", "Victor", "Wanda", "Zoé",
];
const FIRST_PLAIN: [&str; 24] = [
    "ana", "bruno", "celine", "david", "elise", "farid", "gaelle", "hugo", "ines", "jules", "karim", "lea",
    "manon", "noe", "oceane", "paul", "quentin", "rosa", "samir", "theo", "ursula", "victor", "wanda", "zoe",
];
const LAST: [&str; 20] = [
    "Lopez", "Martin", "Bernard", "Dubois", "Thomas", "Robert", "Petit", "Durand", "Leroy", "Moreau",
    "Simon", "Laurent", "Lefebvre", "Michel", "Garcia", "Roux", "Fournier", "Girard", "Bonnet", "Mercier",
];
const LAST_PLAIN: [&str; 20] = [
    "lopez", "martin", "bernard", "dubois", "thomas", "robert", "petit", "durand", "leroy", "moreau",
    "simon", "laurent", "lefebvre", "michel", "garcia", "roux", "fournier", "girard", "bonnet", "mercier",
];
const STREETS: [&str; 10] = [
    "rue du Port",
    "quai des Brumes",
    "avenue de la Gare",
    "place du Marché",
    "\"chemin vert; bât. B\"",
    "impasse des Lilas",
    "boulevard Nord",
    "rue de l'Église",
    "\"allée \"\"Les Tilleuls\"\"\"",
    "rue Haute",
];
const CITIES: [(&str, &str); 8] = [
    ("75004", "Paris"),
    ("13002", "Marseille"),
    ("69003", "Lyon"),
    ("31000", "Toulouse"),
    ("44000", "Nantes"),
    ("33000", "Bordeaux"),
    ("59000", "Lille"),
    ("67000", "Strasbourg"),
];
const THINGS: [&str; 12] = [
    "tug boat",
    "lighthouse",
    "rain coat",
    "storm lamp",
    "sailor shirt",
    "tide clock",
    "rope bag",
    "sea map",
    "deck shoe",
    "wool cap",
    "tin mug",
    "spyglass",
];
const KINDS: [&str; 8] = ["Wooden", "Blue", "Small", "Classic", "Striped", "Heavy", "Foldable", "Painted"];
const CATEGORIES: [&str; 5] =
    ["Toys > Boats", "Clothing > Rain", "Home > Light", "Home > Kitchen", "Clothing > Shoes"];
const COLORS: [&str; 6] = ["blue", "white", "red", "yellow", "navy", ""];
const SIZES: [&str; 6] = ["S", "M", "L", "XL", "", ""];
const STATUSES: [&str; 5] = ["placed", "paid", "paid", "shipped", "delivered"];

fn put(line: &mut Vec<u8>, text: &str) {
    line.extend_from_slice(text.as_bytes());
}

fn number(line: &mut Vec<u8>, mut value: u64, width: usize) {
    let mut digits = [b'0'; 20];
    let mut at = digits.len();
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
        at -= 1;
        if value == 0 {
            break;
        }
    }
    at = at.min(digits.len().saturating_sub(width));
    line.extend_from_slice(digits.get(at..).unwrap_or_default());
}

fn cents(line: &mut Vec<u8>, value: u64) {
    number(line, value / 100, 1);
    line.push(b'.');
    number(line, value % 100, 2);
}

fn date(line: &mut Vec<u8>, year: u64, month: u64, day: u64) {
    number(line, year, 4);
    line.push(b'-');
    number(line, month, 2);
    line.push(b'-');
    number(line, day, 2);
}

fn moment(line: &mut Vec<u8>, chance: &mut Chance, year: u64, months: u64) {
    date(line, year, 1 + chance.below(months), 1 + chance.below(28));
    line.push(b'T');
    number(line, chance.below(24), 2);
    for _ in 0..2 {
        line.push(b':');
        number(line, chance.below(60), 2);
    }
    line.push(b'Z');
}

/// The name of a person, as an index into the lists of first and last names.
fn person(seed: u64, contact: u64) -> (usize, usize) {
    let mut chance = Chance::of(seed, 1, contact);
    let mut below = |length: usize| usize::try_from(chance.below(length as u64)).unwrap_or(0);
    (below(FIRST.len()), below(LAST.len()))
}

/// True for the contacts without an e-mail address: as many as there are numbers for.
fn has_only_a_cellphone(contact: u64) -> bool {
    contact % 40 == 7 && contact / 40 < 10_000
}

/// What other scopes call a contact: the e-mail address, or else the cellphone.
fn contact_key(seed: u64, contact: u64, line: &mut Vec<u8>) {
    if has_only_a_cellphone(contact) {
        cellphone(contact / 40, line);
        return;
    }
    let (first, last) = person(seed, contact);
    put(line, FIRST_PLAIN.get(first).copied().unwrap_or_default());
    line.push(b'.');
    put(line, LAST_PLAIN.get(last).copied().unwrap_or_default());
    number(line, contact, 1);
    put(line, if contact.is_multiple_of(3) { "@example.com" } else { "@example.org" });
}

/// A French mobile number of the range that is kept for fiction: 06 39 98 00 00 to 99 99.
fn cellphone(of: u64, line: &mut Vec<u8>) {
    put(line, "3363998");
    number(line, of % 10_000, 4);
}

fn contact(plan: &Plan, n: u64, line: &mut Vec<u8>) {
    let (first, last) = person(plan.seed, n);
    let mut chance = Chance::of(plan.seed, 2, n);
    put(line, "C-");
    number(line, n + 1, 5);
    line.push(b';');
    if has_only_a_cellphone(n) {
        line.push(b';');
        cellphone(n / 40, line);
    } else {
        contact_key(plan.seed, n, line);
        line.push(b';');
        if chance.below(3) == 0 {
            cellphone(chance.any(), line);
        }
    }
    line.push(b';');
    put(line, chance.pick(&["Ms", "Mr", "", "Mx"]));
    line.push(b';');
    put(line, FIRST.get(first).copied().unwrap_or_default());
    line.push(b';');
    put(line, LAST.get(last).copied().unwrap_or_default());
    put(line, chance.pick(&[";fr;", ";fr;", ";en;", ";fr_CA;", ";;"]));
    if chance.below(4) > 0 {
        date(line, 1940 + chance.below(66), 1 + chance.below(12), 1 + chance.below(28));
    }
    line.push(b';');
    let street = chance.pick(&STREETS);
    if let Some(quoted) = street.strip_prefix('"') {
        line.push(b'"');
        number(line, 1 + chance.below(180), 1);
        line.push(b' ');
        put(line, quoted);
    } else {
        number(line, 1 + chance.below(180), 1);
        line.push(b' ');
        put(line, street);
    }
    line.push(b';');
    let (zip, city) = place(&mut chance);
    put(line, zip);
    line.push(b';');
    put(line, city);
    put(line, ";FR;");
    if chance.below(2) == 0 {
        store_key(chance.below(plan.world.stores), line);
    }
    line.push(b';');
    moment(line, &mut chance, 2025, 12);
    line.push(b';');
    put(line, chance.pick(&["", "5", "5 -2", "1 5", "-5"]));
}

fn place(chance: &mut Chance) -> (&'static str, &'static str) {
    let at = usize::try_from(chance.below(CITIES.len() as u64)).unwrap_or(0);
    CITIES.get(at).copied().unwrap_or_default()
}

fn store_key(n: u64, line: &mut Vec<u8>) {
    line.push(b'S');
    number(line, n + 1, 3);
}

fn store(plan: &Plan, n: u64, line: &mut Vec<u8>) {
    let mut chance = Chance::of(plan.seed, 3, n);
    let (zip, city) = place(&mut chance);
    store_key(n, line);
    put(line, ";Northwind ");
    put(line, city);
    line.push(b' ');
    number(line, n + 1, 1);
    line.push(b';');
    number(line, 1 + chance.below(99), 1);
    put(line, " rue des Quais;");
    put(line, zip);
    line.push(b';');
    put(line, city);
    // French numbers of the range that is kept for fiction: 01 99 00 00 00 to 99 99.
    put(line, ";FR;3319900");
    number(line, n % 10_000, 4);
    put(line, ";store");
    number(line, n + 1, 1);
    put(line, "@example.org;");
    number(line, 43 + chance.below(8), 1);
    line.push(b'.');
    number(line, chance.below(10_000), 4);
    line.push(b';');
    number(line, chance.below(7), 1);
    line.push(b'.');
    number(line, chance.below(10_000), 4);
    line.push(b';');
    date(line, 1998 + chance.below(26), 1 + chance.below(12), 1 + chance.below(28));
    put(line, if chance.below(20) == 0 { ";false" } else { ";true" });
}

fn product_key(n: u64, line: &mut Vec<u8>) {
    put(line, "NW-");
    number(line, n + 1, 4);
}

fn price(seed: u64, product: u64) -> u64 {
    490 + 50 * Chance::of(seed, 5, product).below(180)
}

fn product(plan: &Plan, n: u64, line: &mut Vec<u8>) {
    let mut chance = Chance::of(plan.seed, 4, n);
    product_key(n, line);
    line.push(b';');
    put(line, chance.pick(&KINDS));
    line.push(b' ');
    put(line, chance.pick(&THINGS));
    line.push(b';');
    put(
        line,
        chance.pick(&[
            "",
            "Made to last.",
            "\"Floats, dries; shines twice.\"",
            "\"The \"\"real\"\" thing.\"",
        ]),
    );
    line.push(b';');
    put(line, chance.pick(&CATEGORIES));
    line.push(b';');
    put(line, chance.pick(&["Harbour", "Quai 9", "Marée", "Norden"]));
    put(line, ";20");
    number(line, chance.below(100_000_000_000), 11);
    line.push(b';');
    cents(line, price(plan.seed, n));
    put(line, ";EUR;");
    number(line, chance.below(500), 1);
    put(line, ";https://shop.example.org/p/");
    number(line, n + 1, 1);
    put(line, if chance.below(25) == 0 { ";false" } else { ";true" });
}

/// An order, as far as its lines need to know it.
struct Order {
    items: u64,
    chance: Chance,
}

impl Order {
    fn of(plan: &Plan, n: u64) -> Self {
        let mut chance = Chance::of(plan.seed, 6, n);
        let items = [1, 1, 2, 2, 2, 3, 3, 4].get(usize::try_from(chance.below(8)).unwrap_or(0)).copied();
        Self { items: items.unwrap_or(1), chance }
    }
}

struct Item {
    product: u64,
    quantity: u64,
    price: u64,
    chance: Chance,
}

impl Item {
    fn of(plan: &Plan, order: u64, item: u64) -> Self {
        let mut chance = Chance::of(plan.seed, 7, order * 8 + item);
        let product = chance.below(plan.world.products);
        Self { product, quantity: 1 + chance.below(3), price: price(plan.seed, product), chance }
    }
}

fn order_key(n: u64, line: &mut Vec<u8>) {
    put(line, "SO-");
    number(line, n + 1, 6);
}

fn order_line(plan: &Plan, n: u64, line: &mut Vec<u8>) {
    let Order { items, mut chance } = Order::of(plan, n);
    order_key(n, line);
    line.push(b';');
    contact_key(plan.seed, chance.below(plan.world.contacts), line);
    line.push(b';');
    let online = chance.below(3) == 0;
    if !online {
        store_key(chance.below(plan.world.stores), line);
    }
    line.push(b';');
    moment(line, &mut chance, 2026, 1);
    line.push(b';');
    let shipping = if online { 490 } else { 0 };
    let total: u64 =
        (0..items).map(|item| Item::of(plan, n, item)).map(|item| item.quantity * item.price).sum();
    cents(line, total + shipping);
    line.push(b';');
    cents(line, shipping);
    put(line, ";EUR;");
    number(line, items, 1);
    line.push(b';');
    put(line, chance.pick(&STATUSES));
}

fn item_line(plan: &Plan, order: u64, item: u64, line: &mut Vec<u8>) {
    let Item { product, quantity, price, mut chance } = Item::of(plan, order, item);
    order_key(order, line);
    line.push(b';');
    product_key(product, line);
    line.push(b';');
    number(line, quantity, 1);
    line.push(b';');
    cents(line, price);
    line.push(b';');
    cents(line, quantity * price);
    line.push(b';');
    put(line, chance.pick(&SIZES));
    line.push(b';');
    put(line, chance.pick(&COLORS));
}

/// Makes a mistake of the kinds that partners make. Whatever the line was, it is rejected now.
fn spoil(chance: &mut Chance, line: &mut Vec<u8>) {
    let first = line.iter().position(|byte| *byte == b';').unwrap_or(0);
    match chance.below(6) {
        // A cell too many, and one too few.
        0 => line.push(b';'),
        1 => drop(line.drain(..=first)),
        // A quote that stays open, and one that is out of place.
        2 => line.splice(0..0, *b"\"").for_each(drop),
        3 => line.splice(first..first, *b" \"x").for_each(drop),
        // Latin-1, and a NUL.
        4 => line.splice(first..first, [0xe9]).for_each(drop),
        _ => line.splice(first..first, [0]).for_each(drop),
    }
}

//! Which carts of the history belong to which shop (SPEC §4.3), before any of them is read whole.

use super::side_by_side::side_by_side;
use crate::config::Config;
use crate::domain::dates::{Day, Period};
use crate::domain::ids::{CartCode, ShopId};
use crate::domain::policy::Shop;
use crate::domain::quiet::Background;
use crate::domain::reconciliation::{FileSummary, ShopFacts};
use crate::domain::text::{CodeKind, code_key};
use crate::reconcile::{Desk, Home, Quiet};
use crate::store::{Brought, CartCard, CartTally, CartTotals, Facts, Reader, Result, Version};
use hashbrown::{HashMap, HashSet};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// More carts than this make a shop large.
const LARGE: usize = 80_000;

/// So many carts are placed in one go; of more, several goes side by side.
const GO: usize = 16_384;

/// The carts of each shop.
pub struct Placed {
    facts: Facts,
    carts: HashMap<ShopId, Vec<Version>>,
    files: BTreeMap<ShopId, Vec<FileSummary>>,
    /// Order IDs that bookings name.
    named: HashSet<Box<str>>,
    /// Of the shops whose history lies mostly outside the report's period: what its carts said when they were placed.
    quiet: Mutex<HashMap<ShopId, Quiet>>,
    /// Carts that no rule places, for the operator.
    pub unplaced: Vec<CartCode>,
}

/// Places every cart, and counts what each file brought each shop; `report` is the period and the as-of date that
/// [`Placed::facts_for`] will be asked for, if it will.
///
/// # Errors
/// When the history cannot be read.
pub fn place(config: &Config, facts: Facts, report: Option<(Period, Day)>) -> Result<Placed> {
    let shops: Vec<Shop> = config.shops.iter().map(|shop| shop.shop.clone()).collect();
    let (homes, unplaced, files, named) = facts.read(|reader| {
        let by_cart = reader.transactions()?;
        let named = by_cart.values().flatten().map(|id| Box::from(id.trim())).collect();
        let outlook = Outlook::new(config, reader, report)?;
        let listed = reader.listed()?;
        let lists = Lists { by_cart: &by_cart, named: &named, listed: &listed };
        let Homes { homes, totals, mut unplaced, .. } = homes(&shops, &outlook, &facts, reader, &lists)?;
        unplaced.sort();
        let shops: Vec<ShopId> = homes.iter().map(|home| home.shop.clone()).collect();
        let only = config.shops.first().filter(|_| config.shops.len() == 1).map(|shop| &shop.shop.id);
        Ok((homes, unplaced, reader.file_summaries(&shops, totals, only)?, named))
    })?;
    let (mut carts, mut quiet) = (HashMap::new(), HashMap::new());
    for home in homes {
        quiet.extend(home.quiet.map(|quiet| (home.shop.clone(), quiet)));
        carts.insert(home.shop, home.carts);
    }
    Ok(Placed { facts, carts, files, named, quiet: Mutex::new(quiet), unplaced })
}

impl Placed {
    /// The files that brought rows of `shop`.
    pub fn files(&self, shop: &ShopId) -> &[FileSummary] {
        self.files.get(shop).map_or(&[], Vec::as_slice)
    }

    /// Whether what the report needs of `shop` fills a good part of the memory that a run may take.
    pub fn is_large(&self, shop: &ShopId) -> bool {
        self.carts_of(shop).len() > LARGE && !self.quiet().contains_key(shop)
    }

    /// Reads all that is known of `shop`, on the thread that asks.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub fn facts(&self, shop: &ShopId) -> Result<ShopFacts> {
        self.facts.read(|reader| {
            let bookings = reader.bookings(self.carts_of(shop))?;
            Ok(ShopFacts { payments: reader.payments(shop)?, bookings, background: Background::default() })
        })
    }

    /// Reads what the report can say anything of; of the rest only what it adds.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub fn facts_for(&self, shop: &ShopId) -> Result<ShopFacts> {
        let quiet = self.quiet().remove(shop);
        let Some(mut quiet) = quiet else { return self.facts(shop) };
        let carts = self.carts_of(shop);
        self.facts.read(|reader| {
            quiet.expect_observations(carts.len());
            reader.observation_notes(shop, &self.named, |note| quiet.observation(note))?;
            let mut quiet = quiet.pair();
            reader.line_notes(carts, |version, product_code, created| quiet.line(version, product_code, created))?;
            let (loud, background) = quiet.finish();
            let payments = reader.payments_of(shop, &loud.rows)?;
            Ok(ShopFacts { payments, bookings: reader.bookings(&loud.versions)?, background })
        })
    }

    /// The figures of an earlier report, see [`Reader::figures`]: as large as the report, so read when they are needed.
    ///
    /// # Errors
    /// When the history cannot be read.
    pub fn figures(&self, shop: &ShopId, period: Period, revision: u32) -> Result<String> {
        self.facts.read(|reader| reader.figures(shop, period, revision))
    }

    fn quiet(&self) -> MutexGuard<'_, HashMap<ShopId, Quiet>> {
        self.quiet.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn carts_of(&self, shop: &ShopId) -> &[Version] {
        self.carts.get(shop).map_or(&[], Vec::as_slice)
    }
}

/// What is to be reported, as far as it decides what is read of each shop.
struct Outlook<'c> {
    report: Option<(Period, Day)>,
    /// Shops whose history lies mostly outside the period.
    outside: HashMap<&'c str, &'c Shop>,
}

impl<'c> Outlook<'c> {
    fn new(config: &'c Config, reader: &Reader, report: Option<(Period, Day)>) -> Result<Self> {
        let mut outside = HashMap::new();
        if let Some((period, _)) = report {
            // What its payments say holds for its bookings too, whose files are often those of all shops.
            let files = reader.payments_brought()?;
            let shops = config.shops.iter().map(|shop| &shop.shop);
            let is_outside = |shop: &&Shop| files.get(&shop.id).is_some_and(|files| is_mostly_outside(files, period));
            outside.extend(shops.filter(is_outside).map(|shop| (shop.id.as_str(), shop)));
        }
        Ok(Self { report, outside })
    }

    /// Finds the quiet groups of `shop`, where it pays.
    fn quiet(&self, shop: &ShopId) -> Option<Quiet> {
        let (period, as_of) = self.report?;
        self.outside.get(shop.as_str()).map(|shop| Quiet::new(shop, period, as_of))
    }
}

/// Whether most rows lie outside `period`, as far as the days tell that each file covers.
fn is_mostly_outside(files: &[Brought], period: Period) -> bool {
    let (mut rows, mut inside) = (0, 0);
    for file in files {
        rows += file.rows;
        let Some((from, to)) = file.covers else { continue };
        let days = u64::try_from(to.since(from)).unwrap_or_default() + 1;
        let shared = to.min(period.to()).since(from.max(period.from())) + 1;
        inside += file.rows * u64::try_from(shared).unwrap_or_default() / days;
    }
    inside * 2 < rows
}

/// A shop that has carts.
struct ShopHome {
    shop: ShopId,
    carts: Vec<Version>,
    /// What these say, if only a part of the shop is to be read.
    quiet: Option<Quiet>,
}

/// What is known of carts besides their cards.
struct Lists<'l> {
    /// The Transaction IDs that each cart names.
    by_cart: &'l HashMap<Version, Vec<Box<str>>>,
    /// All of them.
    named: &'l HashSet<Box<str>>,
    /// Rows of the payment list, by the key of their cart.
    listed: &'l HashMap<String, Vec<CartTally>>,
}

/// Carts on their way to their shops.
struct Homes<'o, 'c> {
    outlook: &'o Outlook<'c>,
    lists: &'o Lists<'o>,
    homes: Vec<ShopHome>,
    /// The position of a shop's home.
    at: HashMap<ShopId, usize>,
    /// What files brought each of them, by position.
    totals: CartTotals,
    /// Carts that their codes do not place, and whether each card is that of its newest version.
    unknown: Vec<(Version, CartTally, bool)>,
    unplaced: Vec<CartCode>,
}

impl<'o, 'c> Homes<'o, 'c> {
    fn new(outlook: &'o Outlook<'c>, lists: &'o Lists<'o>) -> Self {
        Self {
            outlook,
            lists,
            homes: Vec::new(),
            at: HashMap::new(),
            totals: CartTotals::default(),
            unknown: Vec::new(),
            unplaced: Vec::new(),
        }
    }

    fn position(&mut self, shop: &ShopId) -> usize {
        if let Some(at) = self.at.get(shop) {
            return *at;
        }
        let at = self.homes.len();
        self.homes.push(ShopHome { shop: shop.clone(), carts: Vec::new(), quiet: self.outlook.quiet(shop) });
        self.at.insert(shop.clone(), at);
        at
    }

    /// Adds what stands behind all of these.
    fn append(&mut self, next: Self) {
        let positions: Vec<usize> = next.homes.iter().map(|home| self.position(&home.shop)).collect();
        for (at, home) in positions.iter().zip(next.homes) {
            let Some(known) = self.homes.get_mut(*at) else { continue };
            known.carts.extend(home.carts);
            if let Some((known, quiet)) = known.quiet.as_mut().zip(home.quiet) {
                known.append(quiet);
            }
        }
        self.totals.append(next.totals, &positions);
        self.unknown.extend(next.unknown);
        self.unplaced.extend(next.unplaced);
    }

    /// Counts what a file brought for `shop`; the cart itself once, with the card of its newest version.
    fn give(&mut self, shop: &ShopId, card: &CartCard<'_>) {
        let at = self.position(shop);
        self.totals.add(at, &card.tally);
        if let Some(home) = self.homes.get_mut(at).filter(|_| card.is_newest) {
            if !self.lists.listed.is_empty() {
                let listed = self.lists.listed.get(&code_key(card.cart));
                listed.into_iter().flatten().for_each(|tally| self.totals.add(at, tally));
            }
            home.carts.push(card.version);
            if let Some(quiet) = &mut home.quiet {
                quiet.cart(card.note());
            }
        }
    }
}

fn homes<'o, 'c>(
    shops: &[Shop],
    outlook: &'o Outlook<'c>,
    facts: &Facts,
    reader: &Reader,
    lists: &'o Lists<'o>,
) -> Result<Homes<'o, 'c>> {
    let Lists { by_cart, named, .. } = lists;
    let mut desk = Desk::new(shops);
    if !named.is_empty() {
        reader.order_ids(|shop, order_id| {
            if named.contains(order_id) {
                desk.tell_order(order_id, shop);
            }
        })?;
    }
    let give = |homes: &mut Homes<'o, 'c>, card: CartCard<'_>| {
        let ids = by_cart.get(&card.version).into_iter().flatten();
        match desk.home(card.cart, card.folder, ids.map(|id| &**id)) {
            Home::At(shop) => homes.give(&shop, &card),
            Home::Disputed if card.is_newest => homes.unplaced.push(CartCode::new(card.cart)),
            Home::Disputed => {}
            Home::Unknown => homes.unknown.push((card.version, card.tally, card.is_newest)),
        }
    };
    let by_code = |(first, last): &(Version, Version)| -> Result<Homes<'o, 'c>> {
        let mut homes = Homes::new(outlook, lists);
        facts.read(|reader| reader.carts(*first..=*last, |card| give(&mut homes, card)))?;
        Ok(homes)
    };
    let (first, last) = reader.versions()?;
    let goes: Vec<_> = (first..=last).step_by(GO).map(|first| (first, first.saturating_add(GO as i64 - 1))).collect();
    let mut homes = Ok(Homes::new(outlook, lists));
    side_by_side(&goes, by_code, |_, placed| match (&mut homes, placed) {
        (Ok(homes), Ok(placed)) => homes.append(placed),
        (Ok(_), Err(error)) => homes = Err(error),
        (Err(_), _) => {}
    });
    let mut homes = homes?;
    reader.repeated_carts(|card| give(&mut homes, card))?;
    let mut unknown = std::mem::take(&mut homes.unknown);
    if !unknown.is_empty() {
        look_for_numbers(&mut desk, reader, lists, &homes, &unknown)?;
    }
    unknown.sort_by_key(|(version, ..)| *version);
    for cards in unknown.chunk_by(|a, b| a.0 == b.0) {
        let Some((version, ..)) = cards.first() else { continue };
        for booking in reader.bookings(&[*version])? {
            match desk.by_number(&booking) {
                // Whether such a cart is quiet was not looked at: it is read whole.
                Some(shop) => cards.iter().for_each(|(version, tally, is_newest)| {
                    let (tally, cart) = (tally.clone(), booking.cart.as_str());
                    let (version, is_newest) = (*version, *is_newest);
                    homes.give(&shop, &CartCard { version, cart, folder: None, tally, is_newest, plain_start: None });
                }),
                None => homes.unplaced.push(booking.cart),
            }
        }
    }
    Ok(homes)
}

/// Lets the desk know what it needs to place carts by their numbers: which numbers payments claim that no booking names, and
/// which of those another booking of the shop answers to.
fn look_for_numbers(
    desk: &mut Desk<'_>,
    reader: &Reader,
    lists: &Lists<'_>,
    homes: &Homes<'_, '_>,
    unknown: &[(Version, CartTally, bool)],
) -> Result<()> {
    let Lists { by_cart, named, .. } = lists;
    for shop in reader.shops()? {
        let payments = reader.payments(&shop)?;
        let alone = payments.iter().filter(|payment| !named.contains(payment.order_id.as_str().trim()));
        alone.for_each(|payment| desk.tell_number(payment));
    }
    for (version, ..) in unknown {
        reader.bookings(&[*version])?.iter().for_each(|booking| desk.look_for(booking));
    }
    let (first, last) = reader.versions()?;
    let mut answers = Vec::new();
    reader.carts(first..=last, |card| {
        if card.is_newest && desk.is_looked_for(card.cart, CodeKind::Cart) {
            let ids = by_cart.get(&card.version).into_iter().flatten();
            if let Home::At(shop) = desk.home(card.cart, card.folder, ids.map(|id| &**id)) {
                answers.push((card.cart.to_owned(), CodeKind::Cart, shop.into_owned()));
            }
        }
    })?;
    if desk.looks_for_products() {
        for home in &homes.homes {
            reader.line_notes(&home.carts, |_, product_code, _| {
                if desk.is_looked_for(product_code, CodeKind::Product) {
                    answers.push((product_code.to_owned(), CodeKind::Product, home.shop.clone()));
                }
            })?;
        }
    }
    answers.iter().for_each(|(code, kind, shop)| desk.tell_answer(code, *kind, shop));
    Ok(())
}

//! Whole yen. Never meets a float; an overflow is a bug that stops the program, because inputs are bounded on entry.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub};

/// An amount of whole Japanese yen, signed.
///
/// One row carries at most [`Yen::ROW_LIMIT`], so nine hundred million rows fit into a sum: every sum of bounded
/// inputs is proved not to overflow, and overflow checks stay on in release builds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Yen(i64);

impl Yen {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The largest amount one row may state: ten digits, the newer limit of GMO-PG (DOMAIN §3.3).
    pub const ROW_LIMIT: Self = Self(9_999_999_999);

    /// An amount of `yen`.
    pub const fn new(yen: i64) -> Self {
        Self(yen)
    }

    /// The number of yen.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// Whether this is nothing.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Whether this is more than nothing.
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// Splits into one share per weight, in whole yen that add up to `self`: largest remainder, ties by order
    /// (SPEC §5.3, DOMAIN §5.6). Weights below zero count as zero; when all are zero the first share takes everything.
    pub fn split(self, weights: &[Self]) -> Vec<Self> {
        let weights: Vec<i128> = weights.iter().map(|w| i128::from(w.0.max(0))).collect();
        let total: i128 = weights.iter().sum();
        let mut shares = vec![0_i64; weights.len()];
        if total == 0 {
            if let Some(first) = shares.first_mut() {
                *first = self.0;
            }
            return shares.into_iter().map(Self).collect();
        }
        let magnitude = i128::from(self.0.unsigned_abs());
        let mut remainders: Vec<(i128, usize)> = Vec::with_capacity(weights.len());
        let mut given: i128 = 0;
        for (at, weight) in weights.iter().enumerate() {
            let exact = magnitude * weight;
            let floor = exact / total;
            given += floor;
            shares[at] = i64::try_from(floor).unwrap_or(i64::MAX);
            remainders.push((exact % total, at));
        }
        remainders.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        let left = usize::try_from(magnitude - given).unwrap_or(0);
        for (_, at) in remainders.iter().take(left) {
            shares[*at] += 1;
        }
        shares.into_iter().map(|s| Self(if self.0 < 0 { -s } else { s })).collect()
    }
}

impl Add for Yen {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Yen {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl Neg for Yen {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl AddAssign for Yen {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Yen {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

/// Digits with thousands separators: `1,234`, `-1,234`.
impl fmt::Display for Yen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.unsigned_abs().to_string();
        let mut out = String::with_capacity(digits.len() + digits.len() / 3 + 1);
        if self.0 < 0 {
            out.push('-');
        }
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                out.push(',');
            }
            out.push(digit);
        }
        f.pad(&out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ten_thousand_over_three_equal_lines_gives_the_first_the_odd_yen() {
        let shares = Yen::new(10_000).split(&[Yen::new(3_333); 3]);
        assert_eq!(shares, [3_334, 3_333, 3_333].map(Yen::new));
    }

    #[test]
    fn the_odd_yen_goes_to_the_largest_remainder_and_all_to_the_first_where_nothing_weighs() {
        for (amount, weights, shares) in
            [(10, [1, 5], [2, 8]), (-10, [1, 5], [-2, -8]), (10, [-5, 1], [0, 10]), (10, [0, 0], [10, 0])]
        {
            assert_eq!(Yen::new(amount).split(&weights.map(Yen::new)), shares.map(Yen::new), "{amount} {weights:?}");
        }
        assert_eq!(Yen::new(10).split(&[]), []);
    }

    #[test]
    fn grouping_is_by_three_digits() {
        assert_eq!(Yen::new(-1_234_567).to_string(), "-1,234,567");
        assert_eq!([0, 999, 1_000].map(|yen| Yen::new(yen).to_string()), ["0", "999", "1,000"]);
    }

    proptest! {
        #[test]
        fn shares_add_up_to_the_yen(amount in -9_999_999_999_i64..=9_999_999_999, weights in prop::collection::vec(0_i64..=9_999_999_999, 1..8)) {
            let weights: Vec<Yen> = weights.into_iter().map(Yen::new).collect();
            let shares = Yen::new(amount).split(&weights);
            prop_assert_eq!(shares.iter().copied().sum::<Yen>(), Yen::new(amount));
            prop_assert_eq!(shares.len(), weights.len());
        }
    }
}

//! Findings and their life: open, noted, cleared, reopened under the same id (SPEC §5.6).

use super::{Result, Store, unexpected};
use crate::domain::dates::Day;
use crate::domain::finding::{Code, FindingRecord, Note, Severity};
use crate::domain::ids::{FindingId, ShopId};
use hashbrown::{HashMap, HashSet};
use rusqlite::{Transaction, params, params_from_iter};

impl Store {
    /// All findings ever seen, of one shop or of all, open ones first, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn findings(&self, shop: Option<&ShopId>) -> Result<Vec<FindingRecord>> {
        let mut statement = self.connection.prepare_cached(&findings_query(shop.is_some()))?;
        let mut rows = statement.query(params_from_iter(shop.map(ShopId::as_str)))?;
        let mut findings = Vec::new();
        while let Some(row) = rows.next()? {
            let code: String = row.get(2)?;
            findings.push(FindingRecord {
                id: FindingId::new(&row.get::<_, String>(0)?),
                shop: ShopId::new(&row.get::<_, String>(1)?),
                code: Code::read(&code).ok_or_else(|| unexpected("finding code", code))?,
                key: row.get(3)?,
                first_seen: Day::from_number(row.get(4)?),
                cleared: row.get::<_, Option<i32>>(5)?.map(Day::from_number),
                note: Note { state: row.get(6)?, assignee: row.get(7)?, text: row.get(8)? },
            });
        }
        Ok(findings)
    }

    /// The open findings with their urgency as last computed, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn open_findings(&self) -> Result<Vec<OpenFinding>> {
        let mut statement = self.connection.prepare(
            "SELECT id, finding_key, severity, first_seen FROM finding WHERE cleared IS NULL ORDER BY first_seen, id",
        )?;
        let rows = statement.query_map([], |row| {
            Ok(OpenFinding {
                id: row.get(0)?,
                key: row.get(1)?,
                severity: Severity::read(row.get_ref(2)?.as_str()?).unwrap_or(Severity::High),
                first_seen: Day::from_number(row.get(3)?),
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

/// A question of its own for one shop: of `?1 IS NULL OR shop = ?1` SQLite looks at every row for each shop.
fn findings_query(of_one_shop: bool) -> String {
    let of_shop = if of_one_shop { "WHERE shop = ?1" } else { "" };
    format!(
        "SELECT id, shop, code, finding_key, first_seen, cleared, state, assignee, note FROM finding {of_shop} \
         ORDER BY cleared IS NOT NULL, first_seen, id"
    )
}

/// An open finding as `status` needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenFinding {
    /// Its id.
    pub id: String,
    /// The booking number or Order ID.
    pub key: String,
    /// How urgent it was when it was last computed.
    pub severity: Severity,
    /// The as-of date on which it was first seen.
    pub first_seen: Day,
}

/// Opens, keeps and clears the findings of one shop: afterwards exactly `open` are open, each as urgent as it says.
pub(super) fn replace_open(
    transaction: &Transaction<'_>,
    shop: &ShopId,
    open: &[(FindingRecord, Severity)],
    as_of: Day,
) -> Result<()> {
    let mut known = transaction
        .prepare_cached("SELECT id, severity, first_seen FROM finding WHERE shop = ?1 AND cleared IS NULL")?;
    let known = known
        .query_map([shop.as_str()], |row| {
            Ok((row.get(0)?, (Severity::read(row.get_ref(1)?.as_str()?), Day::from_number(row.get(2)?))))
        })?
        .collect::<rusqlite::Result<HashMap<String, (Option<Severity>, Day)>>>()?;
    // Most findings stay open from one report to the next: nothing is written for them.
    let still: HashSet<&str> = open.iter().map(|(finding, _)| finding.id.as_str()).collect();
    let mut clear = transaction.prepare_cached("UPDATE finding SET cleared = ?2 WHERE id = ?1")?;
    for id in known.keys().filter(|id| !still.contains(id.as_str())) {
        clear.execute(params![id, as_of.number()])?;
    }
    // A run for a day to come decided for longer than it may.
    transaction
        .prepare_cached("UPDATE finding SET cleared = ?2 WHERE shop = ?1 AND cleared > ?2")?
        .execute(params![shop.as_str(), as_of.number()])?;
    let mut save = transaction.prepare_cached(
        "INSERT INTO finding (id, shop, code, finding_key, first_seen, severity) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
         ON CONFLICT (id) DO UPDATE SET cleared = NULL, severity = excluded.severity, \
         first_seen = min(first_seen, excluded.first_seen)",
    )?;
    let is_as_known = |finding: &FindingRecord, severity: Severity| {
        known.get(finding.id.as_str()) == Some(&(Some(severity), finding.first_seen))
    };
    for (finding, severity) in open.iter().filter(|(finding, severity)| !is_as_known(finding, *severity)) {
        save.execute(params![
            finding.id.as_str(),
            shop.as_str(),
            finding.code.as_str(),
            finding.key,
            finding.first_seen.number(),
            severity.as_str()
        ])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Store, findings_query};

    /// With many shops every look at all findings for each of them grew with the square of the shops.
    #[test]
    fn the_findings_of_one_shop_are_found_without_those_of_others() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("totsugo.db"), "here").expect("opens");
        let plan = format!("EXPLAIN QUERY PLAN {}", findings_query(true));
        let first: String = store.connection.query_row(&plan, ["S1"], |row| row.get(3)).expect("a plan");
        assert_eq!(first, "SEARCH finding USING INDEX finding_shop (shop=?)");
    }
}

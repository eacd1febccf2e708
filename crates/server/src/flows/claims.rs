//! What entries of the journal claim of rows: this kind of entry says that the row of this key has these values. Start at
//! [`claims`]; of several entries about one column the last is right.

use std::borrow::Cow;

use serde_json::Value as Json;
use tremen_rules::Time;

use crate::store::{HeldTable, Said, StoreError, Tx, held_table};

/// Where an entry says what a column holds; the places are JSON pointers into its payload.
#[derive(Debug, Clone, Copy)]
enum Says {
    /// At the first of these places that is there; none is there: the entry claims nothing.
    At(&'static [&'static str]),
    /// The same, but where none is there the column holds nothing.
    AtOrNull(&'static [&'static str]),
    /// The entry's own instant.
    Then,
    /// Nothing.
    Null,
}

/// What entries of some kinds claim of a row.
struct Rule {
    kinds: &'static [&'static str],
    table: &'static str,
    /// Where the key is; one place may hold a list, for as many rows.
    key: &'static [&'static str],
    says: &'static [(&'static str, Says)],
}

/// A reason that an import's file told, or else that of whoever did it.
const WHY: Says = Says::At(&["/told", "/why"]);

const RULES: [Rule; 21] = [
    Rule {
        kinds: &["award_made", "award_renewed"],
        table: "awards",
        key: &["/award"],
        says: &[
            ("person", Says::At(&["/person"])),
            ("given_id", Says::At(&["/given_id"])),
            ("reference", Says::At(&["/reference"])),
            ("version", Says::At(&["/version"])),
            ("level", Says::At(&["/level"])),
            ("issuer", Says::At(&["/issuer"])),
            ("issued_at", Says::At(&["/issued_at"])),
            ("valid_until", Says::At(&["/valid_until"])),
            ("awarded_by", Says::At(&["/awarded_by"])),
            ("supersedes", Says::At(&["/supersedes"])),
            ("superseded_at", Says::Null),
            ("revoked_at", Says::AtOrNull(&["/revoked_at"])),
            ("why", WHY),
            ("import", Says::AtOrNull(&["/import"])),
        ],
    },
    Rule {
        kinds: &["award_renewed"],
        table: "awards",
        key: &["/supersedes"],
        says: &[("superseded_at", Says::At(&["/issued_at"]))],
    },
    Rule {
        kinds: &["award_made", "award_renewed"],
        table: "suspensions",
        key: &["/suspended"],
        says: &[
            ("award", Says::At(&["/award"])),
            ("since", Says::At(&["/suspension/from"])),
            ("until", Says::AtOrNull(&["/suspension/until"])),
            ("ended_at", Says::Null),
            ("why", WHY),
        ],
    },
    Rule {
        kinds: &["award_suspended"],
        table: "suspensions",
        key: &["/suspension"],
        says: &[
            ("award", Says::At(&["/award"])),
            ("since", Says::At(&["/from"])),
            ("until", Says::At(&["/until"])),
            ("ended_at", Says::Null),
            ("why", WHY),
        ],
    },
    Rule { kinds: &["award_resumed"], table: "suspensions", key: &["/suspensions"], says: &[("ended_at", Says::Then)] },
    Rule {
        kinds: &["award_revoked"],
        table: "awards",
        key: &["/award"],
        says: &[("revoked_at", Says::At(&["/at"])), ("why", WHY)],
    },
    Rule {
        kinds: &["membership_recorded"],
        table: "memberships",
        key: &["/person", "/venue", "/from"],
        says: &[("until", Says::At(&["/until"]))],
    },
    Rule {
        kinds: &["person_restricted"],
        table: "restrictions",
        key: &["/restriction"],
        says: &[
            ("person", Says::At(&["/person"])),
            ("scope", Says::At(&["/scope"])),
            ("since", Says::At(&["/from"])),
            ("until", Says::At(&["/until"])),
            ("ended_at", Says::Null),
            ("why", WHY),
        ],
    },
    Rule {
        kinds: &["restriction_ended"],
        table: "restrictions",
        key: &["/restriction"],
        says: &[("ended_at", Says::Then)],
    },
    Rule {
        kinds: &["handover_recorded"],
        table: "handovers",
        key: &["/person", "/machine", "/at"],
        says: &[("by", Says::AtOrNull(&["/shown_by", "/by/person"]))],
    },
    Rule {
        kinds: &["role_granted"],
        table: "roles",
        key: &["/held"],
        says: &[
            ("person", Says::At(&["/person"])),
            ("role", Says::At(&["/role"])),
            ("scope", Says::At(&["/scope"])),
            ("since", Says::At(&["/from"])),
            ("until", Says::At(&["/until"])),
            ("ended_at", Says::Null),
        ],
    },
    Rule { kinds: &["role_granted"], table: "roles", key: &["/in_place_of"], says: &[("ended_at", Says::Then)] },
    Rule { kinds: &["role_ended"], table: "roles", key: &["/held"], says: &[("ended_at", Says::Then)] },
    Rule {
        kinds: &["card_attached"],
        table: "cards",
        key: &["/card"],
        says: &[
            ("person", Says::At(&["/person"])),
            ("kind", Says::At(&["/ntag424"])),
            ("tag", Says::At(&["/tag"])),
            ("since", Says::Then),
        ],
    },
    Rule { kinds: &["card_corrected"], table: "cards", key: &["/card"], says: &[("kind", Says::At(&["/ntag424"]))] },
    Rule {
        kinds: &["card_blocked"],
        table: "card_blocks",
        key: &["/block"],
        says: &[
            ("card", Says::At(&["/card"])),
            ("since", Says::Then),
            ("ended_at", Says::Null),
            ("why", Says::At(&["/why"])),
        ],
    },
    Rule { kinds: &["card_unblocked"], table: "card_blocks", key: &["/blocks"], says: &[("ended_at", Says::Then)] },
    Rule {
        kinds: &["machine_locked"],
        table: "machine_locks",
        key: &["/lock"],
        says: &[
            ("machine", Says::At(&["/machine"])),
            ("since", Says::At(&["/from"])),
            ("until", Says::At(&["/until"])),
            ("ended_at", Says::Null),
            ("why", Says::At(&["/why"])),
        ],
    },
    Rule { kinds: &["machine_unlocked"], table: "machine_locks", key: &["/locks"], says: &[("ended_at", Says::Then)] },
    Rule {
        kinds: &["token_made"],
        table: "tokens",
        key: &["/token"],
        says: &[
            ("person", Says::At(&["/person"])),
            ("tag", Says::At(&["/tag"])),
            ("scopes", Says::At(&["/scopes"])),
            ("since", Says::Then),
            ("until", Says::At(&["/until"])),
            ("ended_at", Says::Null),
        ],
    },
    Rule { kinds: &["token_ended"], table: "tokens", key: &["/token"], says: &[("ended_at", Says::Then)] },
];

/// Whether entries of this kind claim anything of a row.
pub(super) fn claims_rows(kind: &str) -> bool {
    RULES.iter().any(|rule| rule.kinds.contains(&kind))
}

/// What one entry claims of one row.
pub(super) struct Claim<'b> {
    pub table: &'static HeldTable,
    pub key: Vec<Said<'b>>,
    /// The columns by their place in [`HeldTable::columns`], each with what it should hold.
    pub columns: Vec<(usize, Said<'b>)>,
}

/// What an entry claims of rows.
pub(super) fn claims<'b>(kind: &str, at: i64, body: &'b Json) -> Vec<Claim<'b>> {
    let mut all = Vec::new();
    for rule in RULES.iter().filter(|rule| rule.kinds.contains(&kind)) {
        let Some(table) = held_table(rule.table) else { continue };
        let columns: Vec<(usize, Said<'b>)> = rule
            .says
            .iter()
            .filter_map(|(column, says)| {
                let place = table.columns.iter().position(|(name, _)| name == column)?;
                Some((place, says.of(at, body)?))
            })
            .collect();
        for key in keys(rule.key, body) {
            all.push(Claim { table, key, columns: columns.clone() });
        }
    }
    all
}

/// Whether a row still stands of which an entry tells: the entry must say so for as long.
///
/// # Errors
/// When the store fails.
pub(super) fn stand(tx: &Tx<'_>, kind: &str, at: Time, body: &Json) -> Result<bool, StoreError> {
    for claim in claims(kind, at.millis(), body) {
        if tx.held_row_stands(claim.table, &claim.key)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The keys that an entry names: none where it names none, several where one part of the key is a list.
fn keys<'b>(places: &[&str], body: &'b Json) -> Vec<Vec<Said<'b>>> {
    let mut keys: Vec<Vec<Said<'b>>> = vec![Vec::with_capacity(places.len())];
    for place in places {
        let parts: Vec<Said<'b>> = match body.pointer(place) {
            Some(Json::Array(all)) => all.iter().filter_map(said).collect(),
            Some(one) => said(one).into_iter().filter(|it| *it != Said::Null).collect(),
            None => Vec::new(),
        };
        keys = keys
            .into_iter()
            .flat_map(|key| parts.iter().map(move |part| key.iter().chain([part]).cloned().collect()))
            .collect();
    }
    keys
}

impl Says {
    fn of(self, at: i64, body: &Json) -> Option<Said<'_>> {
        let first = |places: &[&str]| places.iter().find_map(|place| body.pointer(place)).and_then(said);
        match self {
            Self::At(places) => first(places),
            Self::AtOrNull(places) => Some(first(places).unwrap_or(Said::Null)),
            Self::Then => Some(Said::Int(at)),
            Self::Null => Some(Said::Null),
        }
    }
}

fn said(json: &Json) -> Option<Said<'_>> {
    match json {
        Json::Null => Some(Said::Null),
        Json::Bool(is_so) => Some(Said::Int(i64::from(*is_so))),
        Json::Number(number) => number.as_i64().map(Said::Int),
        Json::String(text) => Some(Said::Text(Cow::Borrowed(text))),
        Json::Array(_) | Json::Object(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::RULES;
    use crate::store::{HELD, held_table};

    #[test]
    fn every_rule_names_columns_that_are_held_and_every_column_that_is_held_has_a_rule() {
        for rule in &RULES {
            let table = held_table(rule.table).unwrap();
            assert_eq!(rule.key.len(), table.key.len(), "{:?}", rule.kinds);
            for (column, _) in rule.says {
                assert!(table.columns.iter().any(|(name, _)| name == column), "{}.{column}", table.name);
            }
        }
        for table in &HELD {
            for (column, _) in table.columns {
                let rules = RULES.iter().filter(|rule| rule.table == table.name);
                let claimed = rules.flat_map(|rule| rule.says).any(|(name, _)| name == column);
                assert!(claimed, "no entry claims {}.{column}", table.name);
            }
        }
    }
}
